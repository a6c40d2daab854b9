"""What the database does for a change until everybody has it: pushed by a relay, or polled by each.

A push is an insert and one drain, whatever the audience; NATS does the rest. On one connection, so
that the backend's CPU time is all of it.
"""

import json
from collections.abc import Iterator

from wedsync_realtime.bench.ground import people
from wedsync_realtime.bench.ground.session import Session
from wedsync_realtime.bench.ground.stage import Stage
from wedsync_realtime.bench.measure.compare import Costs, Way, compare
from wedsync_realtime.bench.measure.figures import Figure, Reading, ratio
from wedsync_realtime.bench.writing.changes import ANSWERS

SCENARIO = "delivered"
MOST_POLLERS = 1_000  # beyond, a change takes them seconds
ROUNDS = 9
FLAT, MILLISECONDS = 1.25, 1.5  # goals

_INSERT = "insert into public.form_responses (supplier_id, responses) values ($1, $2)"
_DRAIN = "select d.kind, d.next from wedsync_realtime.drain($1, 1000) as d"
_LEASES = """
    select s.channel_id, jsonb_build_object('sub', s.user_id, 'role', 'authenticated')::text
    from public.realtime_subscriptions as s
    inner join public.user_profiles as p on p.id = s.user_id
    where p.supplier_id = %s
"""
_POLL = people.as_caller("select public.realtime_poll($2, nullif($3, ''))")


def delivered(stage: Stage) -> Iterator[Figure]:
    """Deliver changes to ever larger audiences, by push and by polls, in turn."""
    sizes = stage.scale.subscribers
    with stage.session("set synchronous_commit = off") as session:
        for size in sizes:
            people.add(session, _name(size), leases=size)
        ways = {str(size): push(session, _name(size)) for size in sizes}
        costs = compare(ways, stage.scale.rounds, stage.scale.calls)
        for size in sizes:
            yield from _pushed(size, costs[str(size)], costs[str(sizes[0])], sizes[0])
        for size in [size for size in sizes if size <= MOST_POLLERS]:
            name = f"polled {size}"  # whose feed is short, because each reads it first
            people.add(session, name, leases=size)
            both = {"push": push(session, name), "poll": _polls(session, name)}
            taken = compare(both, min(ROUNDS, stage.scale.rounds), max(1, 50 // size))
            what = f"polled by {size:,}"
            yield ratio(SCENARIO, what, taken["poll"], taken["push"], "pushed", leases=size)


def push(session: Session, name: str) -> Way:
    """Return the way of pushing a change to the audience of a supplier.

    session: as a role that is a member of wedsync_realtime_relay, or a superuser.
    """
    position = ""

    def begin() -> None:
        nonlocal position
        position = session.value("select d.next from wedsync_realtime.drain() as d")

    def change(_: int) -> None:
        nonlocal position
        session.call(_INSERT, people.supplier_id(name), ANSWERS)
        drained = session.call(_DRAIN, position)
        last = drained.ntuples - 1
        position = _text(drained.get_value(last, 1))
        if last != 1:
            raise RuntimeError(f"{last} rows were drained for the one change that was made")

    return Way(session, change, before=begin)


def _polls(session: Session, name: str) -> Way:
    leases = [(str(channel), str(claims)) for channel, claims in session.rows(
        _LEASES, people.supplier_id(name)
    )]  # fmt: skip
    cursors = [""] * len(leases)

    def poll_all() -> int:
        session.run("set role authenticated")
        events = 0
        for number, (channel, claims) in enumerate(leases):
            found = session.call(_POLL, claims, channel, cursors[number])
            answer = json.loads(_text(found.get_value(0, 0)))
            cursors[number] = answer["cursor"]
            events += len(answer["events"])
        session.run("reset role")
        return events

    def change(_: int) -> None:
        session.call(_INSERT, people.supplier_id(name), ANSWERS)
        if poll_all() != len(leases):
            raise RuntimeError("not every poll answered the one change that was made")

    def catch_up() -> None:
        while poll_all():
            pass

    return Way(session, change, before=catch_up)


def _pushed(size: int, costs: Costs, first: Costs, fewest: int) -> Iterator[Figure]:
    what = f"pushed to {size:,}"
    yield ratio(SCENARIO, what, costs, first, f"to {fewest}", FLAT, leases=size)
    spent = costs.median.cpu
    if spent is not None:
        yield Reading(SCENARIO, f"{what}, CPU of the database", spent * 1e3, "ms", MILLISECONDS)


def _name(size: int) -> str:
    return f"delivered {size}"


def _text(value: bytes | None) -> str:
    return (value or b"").decode()
