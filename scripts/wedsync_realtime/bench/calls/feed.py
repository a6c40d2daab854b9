"""What a poll costs with a big feed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from time import perf_counter
from typing import Any

from wedsync_realtime.bench.ground import people
from wedsync_realtime.bench.ground.session import Session
from wedsync_realtime.bench.ground.stage import Stage
from wedsync_realtime.bench.measure.compare import Way, compare
from wedsync_realtime.bench.measure.figures import Figure, Reading, ratio
from wedsync_realtime.bench.writing.changes import ANSWERS

SUPPLIER = "reader"
CALLS = 5  # of a slice
PAGE = 100
BACKLOG = 5_000  # events that a client which comes back has not seen
BATCH = 10_000  # events of one transaction while the feed is filled
TENANTS = 1_000  # whose events they are, the reader one of them
POLL, NEXT = 2.0, 2.0  # goals, as ratios
IDLE, ONE = 0.15, 0.22  # goals: milliseconds inside the server
FIRST = 5.0  # goal: what a session's first poll takes of a later one


@dataclass(frozen=True)
class Mark:
    """A place in the feed, from which a client reads on."""

    channel: str
    cursor: str
    xmax: str


INSERT = "insert into public.form_responses (supplier_id, responses) values ($1, $2)"
_POLL = "select public.realtime_poll($1, $2, 100)"
_LEAST = "select bench.poll_least($1, $2)"
_PAGE = "select public.realtime_poll(%s, %s, %s)"
_EXPLAIN = f"explain (analyze, timing off, format json) {_PAGE}"
_SELECT = """
    select e.*
    from wedsync_realtime.events as e
    where e.tenant_id = $1 and e.channel_id = $2 and e.xid >= $3
    order by e.id
    limit 100
"""

# The same, as the answer that a poll gives of them.
_SELECT_JSON = f"""
    select jsonb_build_object('success', true, 'events', jsonb_agg(jsonb_build_object(
        'id', e.id, 'channel', $4::text, 'topic', $4::text, 'event', e.event,
        'schema', 'public', 'table', 'form_responses', 'eventType', 'INSERT',
        'commit_timestamp', e.created_at, 'new', e.new, 'old', '{{}}'::jsonb,
        'changed', e.changed
    )))
    from ({_SELECT}) as e
"""


def poll(stage: Stage) -> Iterator[Figure]:
    """Compare poll with the bare indexed select of the same events, as rows and as its JSON."""
    tenant, events = people.supplier_id(SUPPLIER), stage.scale.feed_events
    with stage.session() as admin, stage.session() as client:
        for session in (admin, client):
            session.run("set synchronous_commit = off")
        people.add(admin, SUPPLIER, leases=1)
        others = [people.supplier_id(f"stranger {number}") for number in range(1, TENANTS)]
        fill(stage, admin, [tenant, *others])
        client.run(people.sign_in(SUPPLIER, 1))
        admin.run(people.sign_in(SUPPLIER, 1, ""))
        marks = {}
        backlog = min(BACKLOG, events)
        for name, recorded in (("backlog", backlog), ("page", PAGE), ("one", 1), ("idle", 0)):
            marks[name] = set_mark(admin, client, tenant)
            for _ in range(recorded):
                admin.call(INSERT, tenant, ANSWERS)
        admin.run("vacuum analyze wedsync_realtime.events")
        channel_id = admin.value(
            "select c.id from wedsync_realtime.channels as c where c.name = %s", people.CHANNEL
        )

        def ours(mark: Mark) -> Way:
            return Way(client, lambda _: client.call(_POLL, mark.channel, mark.cursor))

        def plain(mark: Mark) -> Way:
            return Way(admin, lambda _: admin.call(_SELECT, tenant, channel_id, mark.xmax))

        def least(mark: Mark) -> Way:
            if not admin.value("select bench.poll_least(%s, %s)", mark.channel, mark.cursor)[
                "success"
            ]:
                raise RuntimeError("the least poll was refused")
            return Way(admin, lambda _: admin.call(_LEAST, mark.channel, mark.cursor))

        def as_json(mark: Mark) -> Way:
            values = (tenant, channel_id, mark.xmax, mark.channel)
            return Way(admin, lambda _: admin.call(_SELECT_JSON, *values))

        for name, what, goal in (
            ("page", f"{PAGE} events", POLL),
            ("backlog", f"{PAGE} of {backlog + PAGE:,} waiting", None),
            ("one", "1 event", None),
            ("idle", "nothing new", None),
        ):
            costs = compare(
                {
                    "ours": ours(marks[name]),
                    "plain": plain(marks[name]),
                    "least": least(marks[name]),
                },
                stage.scale.rounds,
                CALLS,
            )
            scenario = f"poll, {events:,} in feed"
            yield ratio(scenario, what, costs["ours"], costs["plain"], "bare select", goal)
            yield ratio(
                scenario, f"{what}, the least", costs["least"], costs["plain"], "bare select"
            )
            if most := {"one": ONE, "idle": IDLE}.get(name):
                taken = _inside(client, marks[name], CALLS * stage.scale.rounds)
                yield Reading(scenario, f"{what}, inside the server", taken, "ms", at_most=most)
        yield _first(stage, marks["one"])
        costs = compare(
            {"ours": ours(marks["page"]), "plain": as_json(marks["page"])},
            stage.scale.rounds,
            CALLS,
        )
        what = f"{PAGE} events"
        yield ratio(scenario, what, costs["ours"], costs["plain"], "select of the same JSON")
        cut = page(client, marks["backlog"].channel, marks["backlog"].cursor, PAGE)["cursor"]
        costs = compare(
            {"far": ours(replace(marks["backlog"], cursor=cut)), "near": ours(marks["page"])},
            stage.scale.rounds,
            CALLS,
        )
        what = f"next {PAGE} of {backlog:,} waiting"
        yield ratio(scenario, what, costs["far"], costs["near"], f"{PAGE} waiting", NEXT)


def _inside(client: Session, mark: Mark, calls: int) -> float:
    """Return the milliseconds that a poll takes without the way to the client and back."""
    plans = [client.value(_EXPLAIN, mark.channel, mark.cursor, PAGE) for _ in range(calls)]
    return float(median(plan[0]["Execution Time"] for plan in plans))


def _first(stage: Stage, mark: Mark) -> Reading:
    """Return how much more than its third poll a session's first one takes."""
    times = []
    for _ in range(stage.scale.rounds):
        with stage.session(people.sign_in(SUPPLIER, 1)) as client:
            taken = []
            for _ in range(3):
                start = perf_counter()
                page(client, mark.channel, mark.cursor, PAGE)
                taken.append(perf_counter() - start)
            times.append(taken[0] / taken[-1])
    scenario = f"poll, {stage.scale.feed_events:,} in feed"
    return Reading(scenario, "first of a session, of a later one", median(times), "", at_most=FIRST)


def fill(stage: Stage, admin: Session, tenants: Sequence[str], seconds: float = 0) -> None:
    """Record events, for one tenant after the other.

    tenants: the first one is a supplier whose form responses are listened to. seconds: the time
    up to now that the events are spread over.
    """
    events = stage.scale.feed_events
    admin.call(INSERT, tenants[0], ANSWERS)
    for done in range(0, events, BATCH):
        if done % 1_000_000 == 0:
            stage.report(f"Filling the feed: {done:,} of {events:,} events …")
        add(admin, min(BATCH, events - done), tenants, seconds * (1 - done / events))
    admin.run("vacuum analyze wedsync_realtime.events")


def add(admin: Session, events: int, tenants: Sequence[str], age: float = 0) -> None:
    """Record copies of an event for tenants in turn, as if it had been some seconds ago."""
    admin.rows("select bench.add_events(%s, %s::uuid[], %s)", events, list(tenants), age)


def page(client: Session, channel: str, cursor: str, events: int) -> Any:
    """Return what a poll answers."""
    return client.value(_PAGE, channel, cursor, events)


def set_mark(admin: Session, client: Session, tenant: str) -> Mark:
    """Return a place in the feed: the cursor that subscribe answers now, and the next xid."""
    answer = client.value(
        "select public.realtime_subscribe(array[%s], jsonb_build_object('supplier_id', %s::text))",
        people.CHANNEL, tenant,
    )  # fmt: skip
    told = answer["subscriptions"][0]
    xmax = admin.value("select pg_snapshot_xmax(pg_current_snapshot())::text")
    return Mark(told["channel"], told["cursor"], xmax)
