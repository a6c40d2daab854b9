"""What polls take when hundreds of connections poll at once."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import psycopg
from psycopg import AsyncConnection

from wedsync_realtime.bench.ground import people
from wedsync_realtime.bench.ground.stage import Stage
from wedsync_realtime.bench.measure.figures import Figure, Reading, percentile
from wedsync_realtime.listener import RefusedError, rpc

MAIN = "main"  # the supplier that polls throughout
OTHERS = [f"other {number}" for number in range(1, 11)]  # those that poll in turn
CHANGES = 5  # of each supplier, all of which every poll gets
OPENING = 20  # connections that are opened at a time

_CHANGE = (
    "insert into public.form_responses (supplier_id)"
    " select $1::uuid from generate_series(1, $2::integer)"
)
_LEASES = """
    select s.user_id, s.channel_id
    from public.realtime_subscriptions as s
    inner join public.user_profiles as p on p.id = s.user_id
    where p.supplier_id = %s
"""

Lease = tuple[str, str]  # user and channel id


def pollers(stage: Stage) -> Iterator[Figure]:
    """Poll with 200 connections of a supplier at once, while others do the same in turn."""
    leases: dict[str, list[Lease]] = {}
    with stage.session("set synchronous_commit = off") as session:
        for name in (MAIN, *OTHERS):
            people.add(session, name, leases=stage.scale.pollers)
            leases[name] = session.rows(_LEASES, people.supplier_id(name))
            session.call(_CHANGE, people.supplier_id(name), CHANGES)
        session.run("vacuum analyze")
    first, seconds, failed = asyncio.run(_measure(stage, leases))
    scenario = f"{2 * stage.scale.pollers} connections poll at once"
    yield Reading(scenario, "first poll of each, p50", percentile(first, 50), "ms")
    for per_cent in (50, 95, 99):
        yield Reading(scenario, f"p{per_cent}", percentile(seconds, per_cent), "ms")
    yield Reading(scenario, f"of {len(seconds):,} polls failed", failed, "", at_most=0)


async def _measure(
    stage: Stage, leases: dict[str, list[Lease]]
) -> tuple[list[float], list[float], int]:
    """Return what the first poll of each connection took, what all others, and how many failed."""
    rounds: list[list[float | None]] = []
    async with AsyncExitStack() as stack:
        connections = await _open(stage, 2 * stage.scale.pollers, stack)
        for other in (OTHERS[0], *OTHERS):
            callers = zip(connections, leases[MAIN] + leases[other], strict=True)
            rounds.append(await asyncio.gather(*(_poll(*caller) for caller in callers)))
    first, *later = [[second for second in taken if second is not None] for taken in rounds]
    seconds = [second for taken in later for second in taken]
    failed = sum(taken.count(None) for taken in rounds)
    return first, seconds, failed


async def _open(stage: Stage, number: int, stack: AsyncExitStack) -> Sequence[AsyncConnection[Any]]:
    opening = asyncio.Semaphore(OPENING)

    async def connect() -> AsyncConnection[Any]:
        async with opening:
            return await stack.enter_async_context(await rpc.connect(stage.url))

    return await asyncio.gather(*(connect() for _ in range(number)))


async def _poll(connection: AsyncConnection[Any], lease: Lease) -> float | None:
    """Return the seconds it took; None when it failed."""
    user, channel = lease
    start = time.perf_counter()
    try:
        answer = await rpc.call(connection, user, "realtime_poll", channel=channel)
    except (psycopg.Error, RefusedError):
        return None
    return time.perf_counter() - start if len(answer["events"]) == CHANGES else None
