"""What the views that people and monitoring look at take, and each job, with everything full."""

from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files

from wedsync_realtime.bench.calls import feed
from wedsync_realtime.bench.ground import people
from wedsync_realtime.bench.ground.session import Session
from wedsync_realtime.bench.ground.stage import Stage
from wedsync_realtime.bench.measure.compare import Way, compare
from wedsync_realtime.bench.measure.figures import Figure, Reading

DAY = 86_400  # seconds that the events are spread over
TOP = 20  # rows of a view that is looked at from its top

_AS_MONITOR = "set role wedsync_realtime_monitor"
_METRICS = "call wedsync_realtime.run_job('metrics')"
# Nothing may expire while it measures, which takes longer than leases last by default.
_PREPARE = """
    update wedsync_realtime.settings set stale_after = '1 day';
    select bench.age_leases();
    select bench.audit_leases();
"""
_RESTORE = "update wedsync_realtime.settings set stale_after = '5 minutes'"

_VIEWS = (
    "tenant_load", "noisy_tenants", "channel_throughput", "channel_history", "refusals",
    "recent_activity", "activity_history", "job_history", "feed_size", "rpc_timing",
    "metrics_history", "relay_status",
)  # fmt: skip
# Counting a view's rows as values has the server compute each row with all of its columns, as
# count(*) does not, and makes no text of them, which would cost as much as many a view.
_COUNT = "select count(v) from {} as v"
_CONNECTIONS = "wedsync_realtime.live_connections"
# These are looked up for each row that is shown, by design; a million of them nobody looks at.
_BY_ROW = ["tenant_name", "events_sent"]
_OTHER_COLUMNS = """
    select string_agg(format('v.%%I', a.attname), ', ' order by a.attnum)
    from pg_attribute as a
    where a.attrelid = %s::regclass and a.attnum > 0 and a.attname <> all (%s)
"""


def views(stage: Stage) -> Iterator[Figure]:
    """Read each view, health() and metrics() as the monitor, then run each job."""
    scale = stage.scale
    size = f"{scale.live_leases:,} leases, {scale.feed_events:,} events"
    with (
        stage.session("set synchronous_commit = off") as admin,
        stage.session(_AS_MONITOR) as monitor,
    ):
        tenants = _prepare(stage, admin)
        for what, statement in _selects(admin, tenants).items():
            # as every minute; when the last count is old, views leave out what came after it
            admin.run(_METRICS)
            yield _reading(stage, f"views, {size}", what, monitor, statement)
        for what, statement, before in _jobs(stage, admin, tenants):
            yield _reading(stage, f"jobs, {size}", what, admin, statement, before)
        admin.run(_RESTORE)


def _prepare(stage: Stage, admin: Session) -> list[str]:
    """Fill everything and return the suppliers whose leases and events they are."""
    admin.run((files(__package__) / "views.sql").read_text())
    stage.report(f"Preparing {stage.scale.live_leases:,} leases …")
    crowd = people.gather(admin, "viewed", stage.scale.live_leases)
    tenants = [people.supplier_id(name) for name in crowd.names]
    admin.run("select bench.begin_day()")
    feed.fill(stage, admin, tenants, DAY)
    stage.report("Preparing the audit and the histories …")
    admin.run(_PREPARE)
    admin.run(_METRICS)
    admin.run(f"select bench.fill_histories({stage.scale.history_days})")
    # the leases have all been written twice, which they are not in life
    admin.run("vacuum full public.realtime_subscriptions")
    admin.run("vacuum analyze")
    return tenants


def _selects(admin: Session, tenants: list[str]) -> Mapping[str, str]:
    columns = admin.value(_OTHER_COLUMNS, _CONNECTIONS, _BY_ROW)
    user = admin.value(
        "select s.user_id from public.realtime_subscriptions as s where s.tenant_id = %s limit 1",
        tenants[0],
    )
    latest = f"(select * from {_CONNECTIONS} order by lag desc nulls last limit {TOP})"
    by_user = f"(select * from {_CONNECTIONS} where user_id = '{user}')"
    return {
        f"live_connections, without {' and '.join(_BY_ROW)}": (
            f"select count(row({columns})) from {_CONNECTIONS} as v"
        ),
        f"live_connections, {TOP} with the largest lag": _COUNT.format(latest),
        "live_connections of a user": _COUNT.format(by_user),
        **{view: _COUNT.format(f"wedsync_realtime.{view}") for view in _VIEWS},
        "health()": _COUNT.format("wedsync_realtime.health()"),
        "metrics()": _COUNT.format("wedsync_realtime.metrics()"),
        "realtime_connection_stats()": "select public.realtime_connection_stats()",
    }


def _jobs(
    stage: Stage, admin: Session, tenants: list[str]
) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """Yield each job, its statement, and what gives it the work that it finds at every run."""
    call = "call wedsync_realtime.run_job('{}')"
    minute = max(1, stage.scale.feed_events // (DAY // 60))
    hour = max(1, stage.scale.live_leases // (DAY // 3600))
    yield "cleanup, nothing expired", call.format("cleanup"), lambda: None
    yield "partitions", call.format("partitions"), lambda: None
    yield (
        f"purge, {hour:,} idle rates",
        call.format("purge"),
        lambda: admin.run(f"select bench.add_rates({hour})"),
    )
    yield (
        f"metrics, {minute:,} new events",
        call.format("metrics"),
        lambda: feed.add(admin, minute, tenants),
    )


def _reading(
    stage: Stage,
    scenario: str,
    what: str,
    session: Session,
    statement: str,
    before: Callable[[], object] = lambda: None,
) -> Reading:
    way = Way(session, lambda _: session.call(statement), before)
    costs = compare({what: way}, stage.scale.bulk_rounds, 1)
    return Reading(scenario, what, 1e3 * costs[what].median.wall, "ms")
