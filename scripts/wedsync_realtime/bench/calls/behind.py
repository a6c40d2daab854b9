"""What a poll costs a client that comes back, by how far it is behind."""

from collections.abc import Iterator

from wedsync_realtime.bench.calls import feed
from wedsync_realtime.bench.ground import people
from wedsync_realtime.bench.ground.session import Session
from wedsync_realtime.bench.ground.stage import Stage
from wedsync_realtime.bench.measure.compare import Way, compare
from wedsync_realtime.bench.measure.figures import Figure, Reading, ratio
from wedsync_realtime.bench.writing.changes import ANSWERS

SUPPLIER = "returner"
SCENARIO = "a client that comes back"
NEAR = 1_000  # events that wait for one that was away for a moment
PAGES = (100, NEAR)
CALLS = 5  # of a slice
NEXT = 2.0  # goal, as a ratio
TOLD = 20.0  # goal: milliseconds until one that is too far behind is told so

_REPLAYED = "select s.replay_events from wedsync_realtime.settings as s"
_POLL = "select public.realtime_poll($1, $2, $3)"


def behind(stage: Stage) -> Iterator[Figure]:
    """Compare pages far behind with those 1,000 behind; all came by imports, a statement each."""
    tenant = people.supplier_id(SUPPLIER)
    with stage.session() as admin, stage.session() as client:
        people.add(admin, SUPPLIER, leases=1)
        client.run(people.sign_in(SUPPLIER, 1))
        admin.call(feed.INSERT, tenant, ANSWERS)
        usual = admin.value(_REPLAYED)
        replayed = max(2 * NEAR, min(usual, stage.scale.feed_events // 2))
        all_told = max(2 * replayed, stage.scale.feed_events)
        marks = []
        for events in (all_told - replayed, replayed - NEAR, NEAR):
            marks.append(feed.set_mark(admin, client, tenant))
            feed.add(admin, events, [tenant])
        admin.run("vacuum analyze wedsync_realtime.events")
        _set_replayed(admin, replayed)
        too_far, far, near = marks

        def poll(cursor: str, page: int) -> Way:
            return Way(client, lambda _: client.call(_POLL, near.channel, cursor, page))

        for page in PAGES:
            first = feed.page(client, far.channel, far.cursor, page)
            costs = compare(
                {
                    "first": poll(far.cursor, page),
                    "next": poll(first["cursor"], page),
                    "near": poll(near.cursor, page),
                },
                stage.scale.rounds,
                CALLS,
            )
            for which, goal in (("first", None), ("next", NEXT)):
                what = f"{which} page of {page:,}, {replayed:,} waiting"
                yield ratio(SCENARIO, what, costs[which], costs["near"], f"{NEAR:,} waiting", goal)
        told = feed.page(client, too_far.channel, too_far.cursor, NEAR)
        if told["reason"] != "too_far_behind":
            raise RuntimeError(f"was not told that it is too far behind: {told['reason']}")
        costs = compare({"told": poll(too_far.cursor, NEAR)}, stage.scale.rounds, CALLS)
        _set_replayed(admin, usual)
    taken = 1e3 * costs["told"].median.wall
    yield Reading(SCENARIO, f"told that {all_told:,} are too many", taken, "ms", at_most=TOLD)


def _set_replayed(admin: Session, events: int) -> None:
    admin.run(f"update wedsync_realtime.settings set replay_events = {events}")
