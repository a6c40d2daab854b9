"""The cluster of three that the documentation shows: any server may be killed, at any moment."""

import asyncio
import os
import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from nats.errors import Error as NatsError

from tests.relay.documented import block, certificate
from tests.relay.scene import asynchronous
from tests.relay.stage import Stage, follow_while
from tests.support.brokers import Broker, printed_configuration
from tests.support.push import operator
from tests.support.relay import Relay
from tests.support.servers import durable_server
from tests.support.waiting import PATIENCE

TIMES = 20 if os.environ.get("WEDSYNC_LONG") else 1
BETWEEN = 1.0  # seconds at most of work with a server missing
SERVERS = 3
pytestmark = pytest.mark.timeout(1800)


class Cluster:
    """Three servers, each to be killed by itself. They keep their ports."""

    def __init__(self, folder: Path) -> None:
        certificate(folder)
        (folder / "wedsync.conf").write_text(printed_configuration(folder))
        self._ports = [free_port() for _ in range(2 * SERVERS)]
        self.servers: dict[str, Broker] = {}
        for number in range(SERVERS):
            place = folder / str(number)
            place.mkdir()
            self.servers[f"nats-{number + 1}"] = Broker(place, self._configuration(number, folder))

    @property
    def url(self) -> str:
        """Where clients and relays reach them."""
        urls = (server.url.replace("nats:", "tls:") for server in self.servers.values())
        return ",".join(urls)

    def _configuration(self, number: int, folder: Path) -> str:
        """Return what is documented for the first as it is for each, all on one machine."""
        text = block("conf").replace("server_name: nats-1", f"server_name: nats-{number + 1}")
        for shown, here in {
            'listen: "0.0.0.0:4222"\n': "",
            "include wedsync.conf": "include ../wedsync.conf",
            "0.0.0.0:443": f"127.0.0.1:{self._ports[number]}",
            "0.0.0.0:6222": f"127.0.0.1:{self._ports[SERVERS + number]}",
            "/etc/nats": str(folder),
            "/var/lib/nats": str(folder / str(number)),
            **{
                f"//nats-{other + 1}:6222": f"//127.0.0.1:{self._ports[SERVERS + other]}"
                for other in range(SERVERS)
            },
        }.items():
            assert shown in text
            text = text.replace(shown, here)
        return text


@pytest.fixture
def cluster_of_three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Run the cluster, whose certificate the relays and clients of the test trust."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    cluster = Cluster(tmp_path)
    try:
        for server in cluster.servers.values():
            server.start()
        yield cluster
    finally:
        for server in cluster.servers.values():
            server.kill()


@pytest.fixture
def stage(cluster_of_three: Cluster, tmp_path: Path) -> Iterator[Stage]:
    """Run a durable server beside the cluster."""
    with durable_server("app") as server:
        stage = Stage(server, cluster_of_three.url, tmp_path, replicas=SERVERS)
        try:
            yield stage
        finally:
            while stage.relays:
                stage.end_relay()


@asynchronous
async def test_every_committed_change_comes_once_whichever_server_is_killed(
    stage: Stage, cluster_of_three: Cluster
) -> None:
    await asyncio.to_thread(stage.start_relay)
    await asyncio.to_thread(stage.start_relay)
    relay, servers = stage.relays[0], cluster_of_three.servers

    async def kill() -> None:
        for what in random.sample(["any", "leader", "two"] * TIMES, 3 * TIMES):
            leader = await leader_of_all(relay)
            others = random.sample(sorted(servers.keys() - {leader}), 2)
            killed = {"any": others[:1], "leader": [leader], "two": [leader, others[0]]}[what]
            for name in killed:
                await asyncio.sleep(random.uniform(0, BETWEEN))
                servers[name].kill()
            await asyncio.sleep(random.uniform(0, BETWEEN))
            for name in killed:
                await asyncio.to_thread(servers[name].start)
            await asyncio.to_thread(stage.keep_hot)

    await follow_while(stage, kill)


async def leader_of_all(relay: Relay) -> str:
    """Wait until all servers have all of the stream, and return the one that takes messages."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(NatsError, OSError, TimeoutError):
                async with operator(relay) as client:
                    cluster = (await client.jetstream().stream_info("WEDSYNC")).cluster
                others = (cluster and cluster.replicas) or []
                current = [each for each in others if each.current and not each.offline]
                if cluster and cluster.leader and len(current) == SERVERS - 1:
                    return cluster.leader
            await asyncio.sleep(0.1)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
