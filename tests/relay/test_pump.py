"""Whatever the relay has looked at, whoever commits afterwards is heard without a slow look."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError

from tests.relay.scene import FORMS, Scene, asynchronous, names
from tests.support.callers.caller import caller
from tests.support.nats.brokers import relay_configuration, running_broker
from wedsync_realtime.connection.tasks import cancel
from wedsync_realtime.relay import database, keys, pump
from wedsync_realtime.relay.connections import connected
from wedsync_realtime.relay.database import Pool
from wedsync_realtime.relay.figures import Figures
from wedsync_realtime.relay.presence import Presence
from wedsync_realtime.relay.pump import PAGE, Pump
from wedsync_realtime.relay.stream import NAME, Stream

MANY = """
    insert into public.form_responses (supplier_id, form_name)
    select %s, %s from generate_series(1, %s)
"""


# Whether a look has to have found something, and what happens then.
Plan = list[tuple[bool, Callable[[], object]]]


class Interruptions:
    """What happens after looks of the relay, before anything else does there."""

    def __init__(self, plan: Plan) -> None:
        self._drain, self._hang_and_drain = database.drain, database.hang_and_drain
        self._plan = plan

    async def drain(self, *arguments: Any) -> list[Any]:
        """Look."""
        rows = await self._drain(*arguments)
        self._go_on(rows)
        return rows

    async def hang_and_drain(self, *arguments: Any) -> tuple[bool, list[Any]]:
        """Hang out the bell and look."""
        rings, rows = await self._hang_and_drain(*arguments)
        self._go_on(rows)
        return rings, rows

    def _go_on(self, rows: list[Any]) -> None:
        """Have happen what comes next, where the look was one to come before it."""
        if self._plan and self._plan[0][0] == (len(rows) > 1):
            _, interrupt = self._plan.pop(0)
            interrupt()


@asynchronous
async def test_bell_hangs_whenever_the_relay_rests(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even after a page that was the last one, when the look at the next is under way already."""

    def commit(name: str, count: int = 1) -> Callable[[], object]:
        values = scene.supplier, name, count
        return lambda: scene.connection.execute(MANY.encode(), values)

    plan = [
        *[(True, commit("one"))] * 3,
        (True, commit("one of a page", PAGE)),
        (False, commit("one")),
        (True, commit("last")),
    ]
    await hear_last(scene, tmp_path, monkeypatch, plan)


@asynchronous
async def test_relay_looks_again_for_who_came_before_the_bell(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While looks find something it does not hang; the first that does may find nothing yet."""
    monkeypatch.setattr(pump, "BUSY", 0.5)  # so that looks follow one another whatever they take
    with psycopg.connect(scene.url) as writer:
        plan: Plan = [
            *[(True, lambda: scene.submit("one"))] * 2,
            (True, lambda: writer.execute(MANY.encode(), (scene.supplier, "last", 1))),
            (False, lambda: None),
            (False, writer.commit),
        ]
        await hear_last(scene, tmp_path, monkeypatch, plan)


@asynchronous
async def test_relay_looks_again_for_who_was_at_work_beside_some_looks(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has taken the bell down before it did so for its own change alone."""
    with psycopg.connect(scene.url) as writer:

        def write() -> None:
            scene.submit("rings")
            writer.execute(MANY.encode(), (scene.supplier, "last", 1))

        nothing = (False, lambda: None)
        plan: Plan = [
            (True, write), (True, lambda: None), *[nothing] * 2, (False, writer.commit),
        ]  # fmt: skip
        await hear_last(scene, tmp_path, monkeypatch, plan)


async def hear_last(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plan: Plan
) -> None:
    """Return when what is committed last is heard, where a slow look never comes."""
    monkeypatch.setattr(pump, "IDLE", 1e6)
    interruptions = Interruptions(plan)
    monkeypatch.setattr(database, "drain", interruptions.drain)
    monkeypatch.setattr(database, "hang_and_drain", interruptions.hang_and_drain)
    with caller(scene.url, scene.user) as user:
        user.rpc("realtime_subscribe", channels=[FORMS], filters=scene.own, connection_id=uuid4())
    heard = asyncio.Event()

    async def hear(message: Msg) -> None:
        if "Nats-Msg-Id" in (message.headers or {}) and names([message]) == ["last"]:
            heard.set()

    async with pumping(scene, tmp_path) as app:
        await app.subscribe("wedsync.event.>", cb=hear)
        scene.submit("first")
        await heard.wait()


@asynchronous
async def test_position_is_noted_at_once_in_a_stream_that_is_made_anew(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "NOTE", 1e6)
    async with pumping(scene, tmp_path) as app:
        admin = app.jetstream()

        async def position() -> None:
            sequence = 0
            while not sequence:
                with suppress(NotFoundError):
                    sequence = (await admin.stream_info(NAME)).state.last_seq

        await position()
        await admin.delete_stream(NAME)
        scene.connection.execute(
            "select pg_terminate_backend(a.pid) from pg_stat_activity as a"
            " where a.datname = current_database() and a.application_name = %s",
            ("wedsync-realtime relay",),
        )
        await position()


@asynccontextmanager
async def pumping(scene: Scene, tmp_path: Path) -> AsyncIterator[Client]:
    """Have a relay's pump at work in this process for the time of the context."""
    with running_broker(tmp_path, relay_configuration(tmp_path)) as broker:
        async with connected(broker.url, keys.load(tmp_path), print) as connections:
            figures, pool, serves = Figures(print), Pool(scene.url, 1), asyncio.Event()
            presence = Presence(connections.system, pool, figures, 0)
            stream = Stream(connections.app, 1)
            relay = Pump(scene.url, connections.app, stream, presence, figures, serves.set)
            running = asyncio.create_task(relay.run())
            await serves.wait()
            try:
                yield connections.app
            finally:
                await cancel(running)
