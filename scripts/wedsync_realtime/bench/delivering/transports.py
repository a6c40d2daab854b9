"""What the database does for a change that many clients of a supplier are told of, each way.

It is the CPU time of all its backends: the writer's, and those of who reads for the clients.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from importlib.resources import files
from pathlib import Path

from wedsync_realtime.bench.delivering import push
from wedsync_realtime.bench.delivering.readers import audience
from wedsync_realtime.bench.ground import people
from wedsync_realtime.bench.ground.session import SETTLE, Session
from wedsync_realtime.bench.ground.stage import Stage
from wedsync_realtime.bench.measure.figures import Figure, Reading
from wedsync_realtime.listener import Event, Hub, Listener, Ready

SCENARIO = "transports"
OPENING = 10  # changes, in which listeners go over from polls to what is pushed
LIMIT = 300.0  # seconds after which a change counts as lost
MILLISECONDS = 1.5  # goal

_BACKENDS = """
    select a.pid from pg_stat_activity as a
    where a.datname = current_database() and a.backend_type = 'client backend'
"""
_END = """
    update wedsync_realtime.settings set broadcast_enabled = null;
    drop function realtime.send;
    drop table realtime.messages;
"""


def transports(stage: Stage) -> Iterator[Figure]:
    """Tell clients of changes by Supabase's broadcasts, by NATS and through a hub."""
    clients, changes = stage.scale.pollers, stage.scale.deliveries * 10
    with stage.session("set synchronous_commit = off") as session:
        people.add(session, "told", leases=clients)
        people.add(session, "hub", users=clients)
        taken = {"supabase broadcast": _broadcast(session, changes)}
        with push.relay(stage) as running:
            if running:
                _, address = running
                with audience(address, push.clients(session, "told")) as listening:
                    listening.entered()
                    meter = _Meter(session, "told")
                    for number in range(OPENING + changes):
                        meter.change(number)
                        if number < OPENING:
                            listening.arrived(number)
                    listening.arrived(number)
                    taken["nats"] = meter.spent()
        taken["Python hub"] = asyncio.run(_hub(stage, session, clients, changes))
    for way, spent in taken.items():
        if spent is not None:
            what = f"{way}, a change to {clients} clients, CPU of the database"
            yield Reading(SCENARIO, what, spent * 1e3, "ms", MILLISECONDS)


class _Meter:
    """Makes changes at a supplier, and adds up what backends take after the opening."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self._supplier = people.supplier_id(name)
        self._begun: dict[int, float] = {}
        self._changes = 0

    def change(self, number: int) -> None:
        """Make a change, a while after the one before."""
        if number == OPENING:
            self._begun = self._taken()
        self._changes = number + 1 - OPENING
        time.sleep(push.PACE)
        self._session.call(push.INSERT, self._supplier, number, number)

    def spent(self) -> float | None:
        """Return the seconds that a change took; None where there is no /proc."""
        taken = self._taken()
        if not taken:
            return None
        return sum(seconds - self._begun.get(pid, 0) for pid, seconds in taken.items()) / (
            self._changes
        )

    def _taken(self) -> dict[int, float]:
        pids = [pid for (pid,) in self._session.rows(_BACKENDS)]
        time.sleep(SETTLE)
        try:
            told = {pid: Path(f"/proc/{pid}/schedstat").read_text() for pid in pids}
        except OSError:
            return {}
        return {pid: int(text.split()[0]) / 1e9 for pid, text in told.items()}


def _broadcast(session: Session, changes: int) -> float | None:
    session.run((files(__package__) / "broadcast.sql").read_text())
    try:
        meter = _Meter(session, "told")
        for number in range(OPENING + changes):
            meter.change(number)
        spent = meter.spent()
        if session.value("select count(*) from realtime.messages") != OPENING + changes:
            raise RuntimeError("not every change was broadcast once")
        return spent
    finally:
        session.run(_END)


async def _hub(stage: Stage, session: Session, clients: int, changes: int) -> float | None:
    arrived: asyncio.Queue[None] = asyncio.Queue()

    async def hear(listener: Listener) -> None:
        async for item in listener:
            if isinstance(item, Event | Ready):
                arrived.put_nowait(None)

    async def all_arrived(times: int) -> None:
        async with asyncio.timeout(LIMIT):
            for _ in range(clients * times):
                await arrived.get()

    filters = {"supplier_id": people.supplier_id("hub")}
    async with Hub(stage.url) as hub, AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        hearing = []
        for number in range(clients):
            user = people.user_id("hub", number + 1)
            listener = await stack.enter_async_context(hub.listener(user))
            await listener.subscribe([people.CHANNEL], filters)
            hearing.append(tasks.create_task(hear(listener)))
        await all_arrived(1)  # every one is ready
        meter = _Meter(session, "hub")
        for number in range(OPENING + changes):
            await asyncio.to_thread(meter.change, number)
            if number < OPENING:
                await all_arrived(1)
        await all_arrived(changes)
        for task in hearing:
            task.cancel()
        return meter.spent()
