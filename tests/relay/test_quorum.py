"""A relay goes on as soon as enough of the cluster is there, and with a part that has enough."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.relay.cluster import SERVERS, Cluster, leader_of_all
from tests.relay.scene import FORMS, Scene, asynchronous, names, until
from tests.relay.stage import await_published, someone_leads
from tests.support.callers.caller import caller
from tests.support.nats.push import pushed
from tests.support.nats.relay import running_relay, start
from wedsync_realtime.relay import keys, stream
from wedsync_realtime.relay.connections import connected
from wedsync_realtime.relay.stream import Stream


async def opened(cluster: Cluster, home: Path, replicas: int) -> str | None:
    """Have the stream made, with nothing in it, and return which server leads it."""
    async with connected(cluster.url, keys.load(home), print) as connections:
        await Stream(connections.app, replicas).open()
        info = await connections.app.jetstream().stream_info(stream.NAME)
    assert info.cluster
    return info.cluster.leader


@asynchronous
async def test_stream_is_enough_where_nobody_leads_the_cluster(
    scene: Scene, cluster_of_three: Cluster, tmp_path: Path
) -> None:
    """A majority of all servers has to be up for that, of the stream's own for the stream.

    As long as nothing stands in it: without who leads the cluster servers read no message out.
    """
    settings = {"NATS_URL": cluster_of_three.url}
    leader = await opened(cluster_of_three, tmp_path, 1)
    for name in cluster_of_three.servers.keys() - {leader}:
        cluster_of_three.servers[name].kill()
    with running_relay(scene.url, tmp_path, "--replicas", "1", **settings) as relay:
        async with pushed(relay, scene.user) as client:
            await client.subscribe(FORMS, **scene.own)
            scene.submit("one")
            assert names(await client.take_events(1)) == ["one"]


@asynchronous
async def test_stream_is_asked_again_until_it_has_a_leader(
    cluster_of_three: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it was asked before is never answered: here that would take for ever."""
    monkeypatch.setattr(stream, "ELECTION", 1e6)
    servers = cluster_of_three.servers
    left = min(servers.keys() - {await opened(cluster_of_three, tmp_path, SERVERS)})
    for name in servers.keys() - {left}:
        servers[name].kill()
    async with connected(cluster_of_three.url_of(left), keys.load(tmp_path), print) as connections:
        opening = asyncio.create_task(Stream(connections.app, SERVERS).open())
        while not connections.app.stats["out_msgs"]:
            await asyncio.sleep(0)
        for name in servers.keys() - {left}:
            await asyncio.to_thread(servers[name].start)
        assert await opening == stream.End(None)


@asynchronous
async def test_relay_that_starts_with_its_cluster_waits_for_a_leader(
    scene: Scene, cluster_of_three: Cluster, tmp_path: Path
) -> None:
    """The first server says that there is none before the others are up."""
    first, *others = cluster_of_three.servers
    for name in others:
        cluster_of_three.servers[name].kill()
    log = tmp_path / "relay.log"
    settings = {"NATS_URL": cluster_of_three.url_of(first)}
    starting = asyncio.create_task(
        asyncio.to_thread(start, scene.url, tmp_path, "--replicas", "1", **settings)
    )
    await until(lambda: starting.done() or (log.exists() and "no JetStream" in log.read_text()))
    for name in others:
        await asyncio.to_thread(cluster_of_three.servers[name].start)
    relay = await starting
    relay.process.kill()
    relay.process.communicate()


@asynchronous
async def test_relay_leaves_a_server_that_is_cut_off(
    scene: Scene, cluster_of_three: Cluster, tmp_path: Path
) -> None:
    settings = {"NATS_URL": cluster_of_three.url}
    options = ("--replicas", str(SERVERS))
    lonely, *others = cluster_of_three.servers
    with running_relay(scene.url, tmp_path, *options, **settings) as relay:
        await leader_of_all(relay)
        with caller(scene.url, scene.user) as user:
            user.rpc("realtime_subscribe", channels=[FORMS], filters=scene.own)
        for name in others:
            cluster_of_three.servers[name].kill()
        cluster_of_three.cut_off(lonely)
        await someone_leads(replace(relay, nats=cluster_of_three.url_of(lonely)))
        for name in others:
            await asyncio.to_thread(cluster_of_three.servers[name].start)
        scene.submit("one")
        relay.nats = ",".join(map(cluster_of_three.url_of, others))
        assert await await_published(relay, 1) == ["one"]
