"""What a relay says of itself is what has happened: in the view, and to health()."""

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.relay.scene import FORMS, Scene, asynchronous, names, until
from tests.support import waiting
from tests.support.nats.brokers import relay_configuration, running_broker
from tests.support.nats.push import Push, is_let_in, operator, pushed
from tests.support.nats.relay import Relay, running_relay, token
from wedsync_realtime.connection.tasks import cancel
from wedsync_realtime.relay import relay as relays
from wedsync_realtime.relay.database import Pool
from wedsync_realtime.relay.figures import Figures

STATUS = "select to_jsonb(r) from wedsync_realtime.relay_status as r where r.is_alive"
HEALTH = "select h.status || ' ' || h.value from wedsync_realtime.health() as h where h.name = %s"


@asynchronous
async def test_what_has_happened_is_reported(relay: Relay, scene: Scene) -> None:
    def shown() -> dict[str, Any]:
        found: dict[str, Any] = scene.value(STATUS)
        return found

    await until(lambda: shown()["is_leader"])
    client = Push(relay, scene.user)
    for wrong in ("nonsense", token(scene.user, exp=1), token(scene.user, exp=1)):
        assert not await is_let_in(client, wrong)
    async with pushed(relay, scene.user) as client, pushed(relay, scene.user) as other:
        for each in (client, other):
            await each.subscribe(FORMS, **scene.own)
        scene.submit("one", "two", "three")
        await client.take_events(3)
        await until(lambda: shown()["connections"] == 2 and shown()["published"] >= 3)
        await until(lambda: shown()["lag_events"] == 0)
        found = shown()
        assert found["refused"] == {"malformed": 1, "expired": 2}
        assert (found["refusals"], found["kicks"], found["slow_consumers"]) == (3, 0, 0)
        assert found["last_error"] is None
        assert found["logins"] >= 4  # each logs in anew with its subscription
        assert scene.value(HEALTH, "relay").startswith("ok 1 alive, 2 connections, lag ")
        scene.value("select wedsync_realtime.disconnect(user_id => %s)", scene.user)
        await until(lambda: shown()["kicks"] == 2)
    await until(lambda: shown()["connections"] == 0)


@asynchronous
async def test_change_is_reported_before_its_time(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a relay's part that is in this process, where the time is never."""
    monkeypatch.setattr(relays, "REPORT", float("inf"))
    figures, pool = Figures(print), Pool(scene.url, 1)
    reporting = asyncio.create_task(relays._report(pool, figures))
    for name, value, shown in (
        ("connections", 2, "connections = 2"),
        ("published", 3, "published = 3"),
        ("unreported", "passed", "last_error = 'passed'"),
        ("caught_up_at", figures.caught_up_at - 5, "lag > '5 seconds'"),
        ("leads", True, "is_leader"),
    ):
        setattr(figures, name, value)
        await until(partial(scene.value, f"{STATUS} and r.{shown}"))
    await cancel(reporting)
    await pool.close()


def test_loss_of_nats_is_reported(scene: Scene, tmp_path: Path) -> None:
    def told(word: str) -> bool:
        return str(scene.value(HEALTH, "relay")).startswith(word)

    text = relay_configuration(tmp_path)
    with (
        running_broker(tmp_path, text) as broker,
        running_relay(scene.url, tmp_path, "--replicas", "1", NATS_URL=broker.url),
    ):
        waiting.until(lambda: told("ok 1 alive, 0 connections, lag 0."))
        broker.kill()
        waiting.until(lambda: told("fail alive, and none leads; error: No connection to NATS at"))
        broker.start()
        waiting.until(
            lambda: told("warn 1 alive, 0 connections, lag ")
        )  # of late there was an error
        assert scene.value(f"select count(*) from ({STATUS}) as r") == 1


@asynchronous
async def test_stream_that_takes_nothing_is_told_by_its_lag(relay: Relay, scene: Scene) -> None:
    behind = f"{STATUS} and r.lag > '4 seconds' and r.last_error like 'The stream: %'"
    well = f"{STATUS} and r.lag < '1 second' and r.last_error_at < r.seen_at"
    async with pushed(relay, scene.user) as client, operator(relay) as admin:
        await client.subscribe(FORMS, **scene.own)
        config = (await admin.jetstream().stream_info("WEDSYNC")).config
        await admin.jetstream().update_stream(config, max_msg_size=1)
        scene.submit("held up")
        await until(lambda: scene.value(behind))
        await admin.jetstream().update_stream(config, max_msg_size=-1)
        assert names(await client.take_events(1)) == ["held up"]
        await until(lambda: scene.value(well))


@asynchronous
async def test_client_that_does_not_keep_up_is_counted(scene: Scene, tmp_path: Path) -> None:
    text = relay_configuration(tmp_path)
    with (
        running_broker(tmp_path, f"{text}\nmax_pending: 1MB") as broker,
        running_relay(scene.url, tmp_path, "--replicas", "1", NATS_URL=broker.url) as relay,
    ):
        async with pushed(relay, scene.user) as client:
            lease = await client.subscribe(FORMS, **scene.own)
            host, _, port = relay.nats.removeprefix("nats://").partition(":")
            _, writer = await asyncio.open_connection(host, int(port), limit=1024)
            options = {"auth_token": client.token, "name": str(client.connection_id)}
            asked = f"CONNECT {json.dumps(options)}\r\nSUB {lease['subject']} 1\r\n"
            writer.write(asked.encode())  # and never reads
            await until(lambda: scene.value(f"{STATUS} and r.connections = 2"))
        await asyncio.to_thread(scene.submit, *["x" * 100_000] * 200)
        await until(lambda: scene.value(f"{STATUS} and r.slow_consumers = 1"))
        writer.close()
