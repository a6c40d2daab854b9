"""How much many writers write at once, with nobody to be woken."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from threading import Thread

from wedsync_realtime.bench.ground import people
from wedsync_realtime.bench.ground.session import Session
from wedsync_realtime.bench.ground.stage import Stage
from wedsync_realtime.bench.measure.compare import Costs, Way, compare
from wedsync_realtime.bench.measure.figures import Figure, Reading
from wedsync_realtime.bench.writing.changes import ANSWERS, INSERT, LISTENED

WRITERS = 16
CALLS = 100  # of each writer, of a slice
SHARE = 0.8  # goal: of what they write to a table with an outbox trigger

_TABLES = {
    "ours": "public.form_responses",
    "least": "bench.least",
    "outbox": "bench.outboxed",
    "bare": "bench.bare",
}


def writers(stage: Stage) -> Iterator[Figure]:
    """Compare the inserts a second of 16 writers with those to a table with an outbox trigger."""
    with ExitStack() as stack:
        admin = stack.enter_context(stage.session("set synchronous_commit = off"))
        admin.run("update wedsync_realtime.settings set notify_enabled = false")
        sessions = [
            stack.enter_context(stage.session("set synchronous_commit = off"))
            for _ in range(WRITERS)
        ]
        costs = compare(
            {name: _writing(admin, sessions, table) for name, table in _TABLES.items()},
            stage.scale.bulk_rounds,
            1,
        )
        admin.run("update wedsync_realtime.settings set notify_enabled = true")
    scenario = f"{WRITERS} writers, commit off, nobody to be woken"
    for name, what, goal in (
        ("ours", "inserts, of those with an outbox trigger", SHARE),
        ("least", "with the least that records them, of those", None),
        ("bare", "into a bare table, of those", None),
    ):
        yield Reading(scenario, what, _share(costs[name], costs["outbox"]), "", at_least=goal)
    inserts = WRITERS * CALLS / costs["ours"].median.wall
    yield Reading(scenario, "inserts a second", inserts, "")


def _writing(admin: Session, sessions: Sequence[Session], table: str) -> Way:
    """Have all write at once, and wait for the last."""
    statement, tenant = INSERT.format(table), people.supplier_id(LISTENED)

    def write(session: Session) -> None:
        for _ in range(CALLS):
            session.call(statement, tenant, ANSWERS)

    def call(_: int) -> None:
        threads = [Thread(target=write, args=(session,)) for session in sessions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return Way(admin, call)


def _share(ours: Costs, plain: Costs) -> float:
    return 1 / ours.ratio(plain).wall
