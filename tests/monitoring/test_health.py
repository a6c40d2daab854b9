"""health(): every check notices its fault, and the SQL that it advises mends it."""

from collections.abc import Iterator
from typing import NamedTuple

import psycopg
import pytest

from tests.monitoring.faults import FAULTS, Fault
from tests.support.callers.people import install_helpers
from tests.support.postgres.cluster import Cluster
from tests.support.postgres.deploy import deploy
from tests.support.waiting import until

SUBSCRIBE = b"""
    create function tests.subscribe_bloom() returns void language plpgsql as $$
    begin
        perform tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
        perform public.realtime_subscribe(
            array['form-responses'], jsonb_build_object('supplier_id', tests.supplier('Bloom'))
        );
        perform tests.become_superuser();
    end $$
"""


class Check(NamedTuple):
    """A row of health()."""

    name: str
    status: str
    value: str
    advice: str
    sql: str


@pytest.fixture(scope="module")
def template(cluster: Cluster, template: str) -> Iterator[str]:
    """Yield the name of a database in good health with the helpers, to be cloned."""
    name = "wedsync_healthy"
    with psycopg.connect(cluster.create_database(name, template), autocommit=True) as connection:
        install_helpers(connection)
        connection.execute(SUBSCRIBE)
        connection.execute("select wedsync_realtime.maintain_partitions()")
    yield name
    cluster.drop_database(name)


@pytest.fixture
def admin(database: str) -> Iterator[psycopg.Connection]:
    """Yield a superuser's connection to a database in good health."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def health(connection: psycopg.Connection) -> dict[str, Check]:
    """Return the rows by name, as the monitor sees them."""
    with connection.transaction():
        connection.execute("set local role wedsync_realtime_monitor")
        rows = connection.execute("select * from wedsync_realtime.health()").fetchall()
    return {row[0]: Check(*row) for row in rows}


def once_unwell(connection: psycopg.Connection, name: str) -> Check:
    """Return a row when it does not say ok any more."""
    until(lambda: health(connection)[name].status != "ok")
    return health(connection)[name]


def unwell(checks: dict[str, Check]) -> dict[str, str]:
    return {name: check.value for name, check in checks.items() if check.status != "ok"}


def test_a_deployed_database_is_in_good_health(admin: psycopg.Connection) -> None:
    checks = health(admin)
    assert unwell(checks) == {}
    assert len(checks) == 24
    assert all((check.advice, check.sql) == ("", "") for check in checks.values())


def test_no_check_goes_untried() -> None:
    by_hand = {"job_purge", "job_partitions", "notify_queue", "replication_slots",
               "idle_transactions"}  # fmt: skip
    assert len({fault.check for fault in FAULTS} | by_hand) == 25  # health_jobs fails as a whole


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_noticed_and_mended(admin: psycopg.Connection, fault: Fault) -> None:
    for statement in fault.cause:
        admin.execute(statement.encode())
    found = health(admin)[fault.check]
    assert found.status == fault.status
    assert fault.says in found.value
    assert found.advice
    advised = found.sql.split("; ") if fault.is_advice_run else []
    for statement in (*advised, *(fault.mend or ())):
        admin.execute(statement.encode())
    if fault.mend is not None:
        assert unwell(health(admin)) == {}


def test_what_is_wrong_comes_first(admin: psycopg.Connection) -> None:
    admin.execute("alter table public.clients disable row level security")
    admin.execute("alter table public.suppliers replica identity default")
    statuses = [check.status for check in health(admin).values()]
    assert statuses == ["fail", "warn", *["ok"] * 22]


@pytest.mark.parametrize("job", ["cleanup", "partitions", "purge", "metrics"])
def test_a_job_that_fails_is_on_record_at_once(admin: psycopg.Connection, job: str) -> None:
    table = {
        "cleanup": "public.realtime_subscriptions",
        "partitions": "wedsync_realtime.feed_horizon",
        "purge": "wedsync_realtime.topic_quarters",
        "metrics": "wedsync_realtime.metrics_horizon",
    }[job]
    admin.execute(f"alter table {table} rename to lost".encode())
    with pytest.raises(psycopg.errors.RaiseException, match=f"job {job} failed: .* does not exist"):
        admin.execute("call wedsync_realtime.run_job(%s)", (job,))
    admin.execute(
        f"alter table {table.split('.')[0]}.lost rename to {table.split('.')[1]}".encode()
    )
    found = health(admin)[f"job_{job}"]
    assert found.status == "fail"
    assert "failed: job" in found.value
    admin.execute(found.sql.encode())
    assert health(admin)[f"job_{job}"].status == "ok"
    counts = "select runs, failures from wedsync_realtime.job_history where job = %s"
    assert admin.execute(counts, (job,)).fetchone() == (1, 1)


def test_a_hand_that_changed_a_function_is_undone_by_the_next_deployment(
    admin: psycopg.Connection, database: str
) -> None:
    admin.execute(
        "create or replace function wedsync_realtime.tenant_kind(tenant_id uuid) returns text"
        " language plpgsql stable security definer set search_path = pg_catalog, pg_temp"
        " as 'begin return null; end'"
    )
    deploy(database)
    found = health(admin)["deployed_version"]
    assert found.status == "fail"  # a deployment that has nothing to do does not hide it
    admin.execute(found.sql.encode())
    deploy(database)
    assert health(admin)["deployed_version"].status == "ok"


def test_an_idle_transaction_is_found_and_ended(admin: psycopg.Connection, database: str) -> None:
    admin.execute("update wedsync_realtime.settings set warn_open_for = '1 millisecond'")
    with psycopg.connect(database, application_name="sleeper") as idle:
        idle.execute("select 1")
        found = once_unwell(admin, "idle_transactions")
        assert found.status == "warn"
        assert found.value.startswith("1, longest for")
        assert "sleeper" in found.value
        admin.execute(found.sql.encode())
        with pytest.raises(psycopg.OperationalError):
            idle.execute("select 1")
    gone = "select not exists (select from pg_stat_activity where application_name = 'sleeper')"
    until(lambda: (admin.execute(gone).fetchone() or ())[0])
    assert health(admin)["idle_transactions"].status == "ok"


def test_a_prepared_transaction_is_found(admin: psycopg.Connection, database: str) -> None:
    admin.execute("update wedsync_realtime.settings set warn_open_for = '1 millisecond'")
    with psycopg.connect(database, autocommit=True) as preparing:
        preparing.execute("begin")
        preparing.execute("create table public.prepared ()")
        preparing.execute("prepare transaction 'forgotten'")
    found = once_unwell(admin, "idle_transactions")
    try:
        assert (found.status, "prepared forgotten" in found.value) == ("warn", True)
    finally:
        admin.execute(found.sql.encode())
    assert health(admin)["idle_transactions"].status == "ok"


def test_a_slot_that_holds_wal_is_found(admin: psycopg.Connection) -> None:
    admin.execute("update wedsync_realtime.settings set warn_slot_bytes = 1000")
    admin.execute("select pg_create_physical_replication_slot('forgotten', true)")
    try:
        admin.execute("create table public.filler as select generate_series(1, 1000) as n")
        found = once_unwell(admin, "replication_slots")  # once it has been written
        assert (found.status, "forgotten: " in found.value) == ("fail", True)
    finally:
        admin.execute("select pg_drop_replication_slot('forgotten')")
    assert found.sql == "select pg_drop_replication_slot('forgotten')"
    assert health(admin)["replication_slots"].status == "ok"


def test_a_full_queue_is_found(admin: psycopg.Connection, database: str) -> None:
    # The server's queue is 8 GB: a millionth of it is enough here.
    admin.execute("update wedsync_realtime.settings set warn_queue = 0.00001")
    with psycopg.connect(database, autocommit=True) as listening:
        listening.execute("listen wedsync_realtime")
        listening.execute("begin")
        listening.execute("select 1")
        admin.execute(
            "select pg_notify('wedsync_realtime', repeat('x', 7000) || n)"
            " from generate_series(1, 200) as n"
        )
        found = health(admin)["notify_queue"]
        listening.execute("rollback")
    assert found.status in ("warn", "fail")
    assert "open_transactions" in found.sql

    def is_well() -> bool:
        admin.execute("notify wedsync_realtime")  # lets go of what everybody has read by now
        return health(admin)["notify_queue"].status == "ok"

    until(is_well)


def test_what_nobody_may_be_told_is_counted_as_hidden(
    admin: psycopg.Connection, cluster: Cluster
) -> None:
    admin.execute("create role some_deployer nologin")
    try:
        admin.execute("alter function wedsync_realtime.open_transactions owner to some_deployer")
        with psycopg.connect(admin.info.dsn, host=str(cluster.directory)) as writing:
            writing.execute("select pg_current_xact_id()")
            found = health(admin)["idle_transactions"]
        assert "1 sessions hidden" in found.value
        assert "pg_read_all_stats" in found.advice
    finally:
        admin.execute("drop owned by some_deployer cascade")
        admin.execute("drop role some_deployer")


def test_the_list_of_watching_triggers_is_that_of_the_database(admin: psycopg.Connection) -> None:
    row = admin.execute(
        "select array_agg(distinct g.tgname::text order by g.tgname::text),"
        " wedsync_realtime.watching_triggers() from pg_trigger as g"
        " inner join pg_proc as p on p.oid = g.tgfoid"
        " where p.pronamespace = 'wedsync_realtime'::regnamespace"
        " and not g.tgisinternal and p.proname !~ '^dispatch_'"
    ).fetchone()
    assert row is not None
    assert row[0] == sorted(row[1])
