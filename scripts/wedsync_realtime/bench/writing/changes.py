"""What a change costs its writer: the more leases, single rows, many rows, nobody listening.

Goals of single rows hold for commits as PostgreSQL makes them by default; without waiting for the
disk, the difference in CPU time stands out.
"""

from collections.abc import Iterator

from wedsync_realtime.bench.ground import people
from wedsync_realtime.bench.ground.session import Session
from wedsync_realtime.bench.ground.stage import Stage
from wedsync_realtime.bench.measure.compare import Way, compare
from wedsync_realtime.bench.measure.figures import Figure, ratio

LISTENED = "studio"  # a supplier with one lease
UNHEARD = "unheard"  # a supplier without any
ANSWERS = '{"q1": "a longer answer to a question", "q2": [1, 2, 3], "q3": {"guests": 120}}'

FLAT, OUTBOX, BULK, COLD = 1.1, 1.4, 0.95, 1.25  # goals, as ratios
UPDATE, UNCHANGED = 1.5, 1.1

INSERT = (
    "insert into {} (supplier_id, couple_id, form_name, status, responses)"
    " values ($1, $1, 'menu', 'submitted', $2)"
)
_INSERT_MANY = (
    "insert into {} (supplier_id, couple_id, form_name, status, responses)"
    " select $1::uuid, $1::uuid, 'menu', 'submitted', $2::jsonb"
    " from generate_series(1, $3::integer)"
)
_UPDATE = "update {} set status = $1 where id = $2"
_UPDATE_MANY, _DELETE_MANY = "update {} set status = 'draft'", "delete from {}"
_RECORDS = "bench.outbox, wedsync_realtime.events"
_MILESTONE = (
    "insert into {} (supplier_id, client_id, milestone, status) values ($1, $1, 'venue', 'pending')"
)


def leases(stage: Stage) -> Iterator[Figure]:
    """Compare inserts for suppliers with ever more leases; they all exist at the same time."""
    sizes = stage.scale.leases
    with stage.session("set synchronous_commit = off") as session:
        ways = {str(size): _insert(session, f"leases {size}") for size in sizes}
        # the goal is close, so they are compared more often than others
        costs = compare(ways, 3 * stage.scale.rounds, stage.scale.calls)
    first = costs[str(sizes[0])]
    for size in sizes:
        yield ratio(
            "change cost",
            f"insert with {size:,} leases",
            costs[str(size)],
            first,
            f"with {sizes[0]}",
            FLAT,
            leases=size,
        )


def single_rows(stage: Stage) -> Iterator[Figure]:
    """Compare single-row inserts and updates with an outbox trigger and with the bare table."""
    for commit in ("off", "on"):
        with stage.session(f"set synchronous_commit = {commit}") as session:
            yield from _single_inserts(stage, session, f"1 row, commit {commit}", commit == "on")
    with stage.session("set synchronous_commit = off") as session:
        _set_notify(session, False)
        yield from _quiet_inserts(stage, session, "1 row, commit off")
        _set_notify(session, True)
        yield from _single_updates(stage, session, "1 row, commit off")


def _single_inserts(
    stage: Stage, session: Session, scenario: str, has_goals: bool
) -> Iterator[Figure]:
    costs = compare(
        {
            "ours": _insert(session, LISTENED),
            "cold": _insert(session, UNHEARD),
            "nobody": _insert(session, UNHEARD, "public.journey_progress", _MILESTONE),
            "least": _insert(session, LISTENED, "bench.least"),
            "outbox": _insert(session, LISTENED, "bench.outboxed"),
            "notified": _insert(session, LISTENED, "bench.notified"),
            "bare": _insert(session, LISTENED, "bench.bare"),
            "bare nobody": _insert(session, UNHEARD, "bench.unheard", _MILESTONE),
        },
        stage.scale.rounds,
        stage.scale.calls,
    )
    for what, ours, against, plain, goal in (
        ("insert", "ours", "outbox trigger", "outbox", OUTBOX),
        ("insert, least that records it", "least", "outbox trigger", "outbox", None),
        ("insert", "ours", "outbox that notifies", "notified", None),
        ("insert", "ours", "bare table", "bare", None),
        ("outbox trigger", "outbox", "bare table", "bare", None),
        ("insert, others listen", "cold", "bare table", "bare", None),
        ("insert, nobody listens", "nobody", "bare table", "bare nobody", COLD),
    ):
        yield ratio(scenario, what, costs[ours], costs[plain], against, goal if has_goals else None)


def _quiet_inserts(stage: Stage, session: Session, scenario: str) -> Iterator[Figure]:
    costs = compare(
        {
            "ours": _insert(session, LISTENED),
            "outbox": _insert(session, LISTENED, "bench.outboxed"),
        },
        stage.scale.rounds,
        stage.scale.calls,
    )
    what = "insert, notify off"
    yield ratio(scenario, what, costs["ours"], costs["outbox"], "outbox trigger")


def _single_updates(stage: Stage, session: Session, scenario: str) -> Iterator[Figure]:
    costs = compare(
        {
            "ours": _update(session, LISTENED),
            "cold": _update(session, UNHEARD),
            "same": _update(session, LISTENED, changes=False),
            "bare same": _update(session, LISTENED, "bench.bare", changes=False),
            "least": _update(session, LISTENED, "bench.least"),
            "outbox": _update(session, LISTENED, "bench.outboxed"),
            "idle": _update(session, LISTENED, "bench.watched"),
            "bare": _update(session, LISTENED, "bench.bare"),
        },
        stage.scale.rounds,
        stage.scale.calls,
    )
    for what, ours, against, plain, goal in (
        ("update", "ours", "outbox trigger", "outbox", UPDATE),
        ("update, least that records it", "least", "outbox trigger", "outbox", None),
        ("update, trigger does nothing", "idle", "bare table", "bare", None),
        ("update, others listen", "cold", "bare table", "bare", UNCHANGED),
        ("update, nothing changes", "same", "bare table", "bare same", UNCHANGED),
    ):
        yield ratio(scenario, what, costs[ours], costs[plain], against, goal)


def many_rows(stage: Stage) -> Iterator[Figure]:
    """Compare one statement of many rows with an outbox trigger and with the bare table."""
    rows = stage.scale.bulk_rows
    with stage.session("set synchronous_commit = off") as session:
        costs = compare(
            {
                "ours": _insert_many(session, LISTENED, rows, "public.form_responses"),
                "cold": _insert_many(session, UNHEARD, rows, "public.form_responses"),
                "least": _insert_many(session, LISTENED, rows, "bench.least"),
                "outbox": _insert_many(session, LISTENED, rows, "bench.outboxed"),
                "bare": _insert_many(session, LISTENED, rows, "bench.bare"),
            },
            stage.scale.bulk_rounds,
            1,
        )
        others = {
            what: compare(
                {
                    "ours": _change_many(session, rows, "public.form_responses", statement),
                    "least": _change_many(session, rows, "bench.least", statement),
                    "outbox": _change_many(session, rows, "bench.outboxed", statement),
                },
                stage.scale.bulk_rounds,
                1,
            )
            for what, statement in (("update", _UPDATE_MANY), ("delete", _DELETE_MANY))
        }
    for what, ours, against, plain, goal in (
        ("insert", "ours", "outbox trigger", "outbox", BULK),
        ("insert, least that records it", "least", "outbox trigger", "outbox", None),
        ("insert", "ours", "bare table", "bare", None),
        ("insert, others listen", "cold", "bare table", "bare", None),
    ):
        yield ratio(f"{rows:,} rows", what, costs[ours], costs[plain], against, goal)
    for what, taken in others.items():
        for name, way, goal in (("ours", "", BULK), ("least", ", least that records it", None)):
            yield ratio(
                f"{rows:,} rows", what + way, taken[name], taken["outbox"], "outbox trigger", goal
            )


def _insert(
    session: Session,
    supplier: str,
    table: str = "public.form_responses",
    statement: str = INSERT,
) -> Way:
    values = [people.supplier_id(supplier)] + ([ANSWERS] if "$2" in statement else [])
    return Way(session, lambda _: session.call(statement.format(table), *values))


def _insert_many(session: Session, supplier: str, rows: int, table: str) -> Way:
    """Start each time with empty tables, emptied behind the triggers' back."""
    return Way(
        session,
        lambda _: session.call(
            _INSERT_MANY.format(table), people.supplier_id(supplier), ANSWERS, rows
        ),
        before=lambda: session.run(_behind(f"truncate {table}, {_RECORDS}")),
    )


def _change_many(session: Session, rows: int, table: str, statement: str) -> Way:
    """Start each time with the rows alone, written behind the triggers' back."""
    supplier = people.supplier_id(LISTENED)
    fill = (
        f"insert into {table} (supplier_id, couple_id, form_name, status, responses)"
        f" select '{supplier}', '{supplier}', 'menu', 'submitted', '{ANSWERS}'"
        f" from generate_series(1, {rows})"
    )
    return Way(
        session,
        lambda _: session.call(statement.format(table)),
        before=lambda: session.run(_behind(f"truncate {table}, {_RECORDS}; {fill}")),
    )


def _behind(statements: str) -> str:
    return f"set session_replication_role = replica; {statements}; reset session_replication_role"


def _update(
    session: Session,
    supplier: str,
    table: str = "public.form_responses",
    *,
    changes: bool = True,
) -> Way:
    row = session.value(
        f"insert into {table} (supplier_id, status, responses) values (%s, 'draft', %s)"
        " returning id",
        people.supplier_id(supplier), ANSWERS,
    )  # fmt: skip
    statement = _UPDATE.format(table)
    return Way(
        session,
        lambda number: session.call(statement, f"status {number if changes else 0}", str(row)),
    )


def _set_notify(session: Session, is_on: bool) -> None:
    session.run(f"update wedsync_realtime.settings set notify_enabled = {is_on}")
