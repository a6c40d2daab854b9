"""A relay: its parts put together, and put together again when NATS is lost."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import psycopg
from nats.errors import Error as NatsError

from wedsync_realtime.connection.tasks import cancel
from wedsync_realtime.errors import RunnerError
from wedsync_realtime.relay import broker, database, keys, tokens
from wedsync_realtime.relay.calls import Calls
from wedsync_realtime.relay.connections import Connections, LostBrokerError, connected
from wedsync_realtime.relay.figures import Figures
from wedsync_realtime.relay.logins import Logins
from wedsync_realtime.relay.presence import Presence
from wedsync_realtime.relay.pump import Pump
from wedsync_realtime.relay.stream import NAME, NoLeaderError, Stream

# Connections to the database: none of the three waits for another.
LOGINS, CALLS, UPKEEP = 6, 6, 1
PAUSE = 0.1  # seconds between attempts to reach NATS
START = 60.0  # seconds in which the servers of a cluster that starts too may elect who leads them
REPORT = 15.0  # seconds between reports to the database
LOOK = 0.5  # seconds in which what has changed is reported
LAST = 0.9  # seconds in which it ends, once told to


@dataclass(frozen=True)
class Settings:
    """What a relay is told.

    nats: address of the server, None for one of its own.
    grace: seconds in which a client may come back before its leases end.
    """

    database: str
    nats: str | None
    replicas: int
    grace: float
    listen: str
    websocket: str
    home: Path


@dataclass(frozen=True)
class Pools:
    """Connections to the database, for those who come, what they ask, and what keeps them."""

    logins: database.Pool
    calls: database.Pool
    upkeep: database.Pool


Announce = Callable[[dict[str, str | None]], None]


async def run(settings: Settings, announce: Announce, tell: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT. announce: told the addresses, once it serves.

    Raises RunnerError, psycopg.Error for what is wrong at the start.
    """
    task = asyncio.current_task()
    assert task
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.call_later(LAST, os._exit, 0)  # a server that hangs holds nothing up
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        await _run(settings, announce, Figures(tell))
    except asyncio.CancelledError:
        tell("Stopped.")


async def _run(settings: Settings, announce: Announce, figures: Figures) -> None:
    async with AsyncExitStack() as stack:
        verifier = await tokens.from_environment(figures.tell)
        own_keys = keys.load(settings.home)
        await (await database.connect(settings.database)).close()
        addresses = {"nats": settings.nats, "websocket": None, "stream": NAME}
        if settings.nats is None:
            places = settings.listen, settings.websocket
            own = await stack.enter_async_context(
                broker.embedded(settings.home, own_keys, *places, figures.tell)
            )
            addresses |= {"nats": own.nats, "websocket": own.websocket}
        pools = Pools(*(database.Pool(settings.database, size) for size in (LOGINS, CALLS, UPKEEP)))
        for pool in (pools.logins, pools.calls, pools.upkeep):
            stack.push_async_callback(pool.close)
        serves = asyncio.Event()
        stack.enter_context(_cancelled(_announce(serves, announce, addresses)))
        stack.enter_context(_cancelled(_report(pools.upkeep, figures)))
        begun = monotonic()
        while True:
            try:
                async with connected(str(addresses["nats"]), own_keys, figures.failed) as opened:
                    await _serve(opened, settings, own_keys, verifier, pools, figures, serves)
            except (RunnerError, LostBrokerError, NatsError, TimeoutError) as error:
                may_come = isinstance(error, NoLeaderError) and monotonic() - begun < START
                if not serves.is_set() and not may_come:
                    raise
                figures.failed(str(error) or "The connection to NATS is lost.")
            await asyncio.sleep(PAUSE)


async def _serve(
    connections: Connections,
    settings: Settings,
    own_keys: keys.Keys,
    verifier: tokens.Verifier,
    pools: Pools,
    figures: Figures,
    serves: asyncio.Event,
) -> None:
    """Serve until something raises an error, and raise the first."""
    app, system = connections.app, connections.system
    presence = Presence(system, pools.upkeep, figures, settings.grace)
    logins = Logins(system, own_keys, verifier, pools.logins, presence, figures)
    calls = Calls(connections.calls, pools.calls, presence)
    target = Stream(app, settings.replicas)
    pump = Pump(settings.database, app, target, presence, figures, serves.set)
    for part in (presence, logins, calls):
        await part.begin()
    work = connections.watch(), presence.run(), pump.run()
    tasks = [asyncio.create_task(each) for each in work]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await ended.pop()
    finally:
        for task in (*logins.tasks, *calls.tasks, *presence.tasks):
            task.cancel()
        await cancel(*tasks)
        await asyncio.gather(*tasks, return_exceptions=True)  # the first error is told
        figures.connections = 0


async def _announce(
    serves: asyncio.Event, announce: Announce, addresses: dict[str, str | None]
) -> None:
    await serves.wait()
    announce(addresses)


async def _report(pool: database.Pool, figures: Figures) -> None:
    reported_at = 0.0
    reported: tuple[object, ...] | None = None
    while True:
        news = figures.news()
        if news != reported or monotonic() - reported_at > REPORT:
            reported_at, reported = monotonic(), news
            try:
                await pool.report(figures.take_state())
            except (psycopg.Error, RunnerError) as error:
                figures.failed(f"The database: {str(error).strip()}")
        await asyncio.sleep(LOOK)


@contextmanager
def _cancelled(work: Coroutine[Any, Any, None]) -> Iterator[None]:
    """Have work done beside the context, and no longer than it."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
