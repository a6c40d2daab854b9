"""The jobs: scheduled, on record, one run at a time; batches commit, events count once."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from tests.support.callers.people import People
from tests.support.waiting import PATIENCE, until

INSERT = "insert into public.form_responses (supplier_id) values (%s)"
CROWD = """
    with crowd as (
        insert into auth.users (id) select gen_random_uuid() from generate_series(1, %(leases)s)
        returning id
    )
    insert into public.realtime_subscriptions
        (user_id, channel_id, channel_name, table_name, topic_id, since, tenant_id, last_ping_at)
    select
        c.id, 'form-responses-' || c.id || '-1', 'form-responses', 'form_responses', t.id,
        pg_current_snapshot(), %(supplier)s, now() - interval '1 hour'
    from crowd as c cross join wedsync_realtime.topics as t
"""


@pytest.fixture
def admin(people: People) -> Iterator[psycopg.Connection]:
    """Yield a superuser's connection in autocommit mode."""
    with psycopg.connect(people.url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def cron(cron_database: str) -> Iterator[psycopg.Connection]:
    """Yield a superuser's connection to the database in which pg_cron works."""
    with psycopg.connect(cron_database, autocommit=True) as connection:
        yield connection


def value(connection: psycopg.Connection, query: str, *values: object) -> object:
    row = connection.execute(query.encode(), values or None).fetchone()
    assert row is not None
    return row[0]


def hot_topic(people: People, admin: psycopg.Connection) -> UUID:
    """Return a supplier whose changes are recorded."""
    supplier = people.supplier()
    admin.execute(
        "insert into wedsync_realtime.topics (channel_id, tenant_id, is_ready)"
        " select c.id, %s, true from wedsync_realtime.channels as c"
        " where c.name = 'form-responses'", (supplier,)
    )  # fmt: skip
    return supplier


def test_every_job_is_scheduled_by_settings_and_its_command_runs(cron: psycopg.Connection) -> None:
    scheduled = (
        "select jobname, schedule, command from cron.job where jobname ~ '^wedsync-realtime'"
    )
    jobs = {name: (schedule, command) for name, schedule, command in cron.execute(scheduled)}
    assert {name: schedule for name, (schedule, _) in jobs.items()} == {
        "wedsync-realtime-cleanup": "*/5 * * * *",
        "wedsync-realtime-partitions": "*/10 * * * *",
        "wedsync-realtime-purge": "17 * * * *",
        "wedsync-realtime-metrics": "* * * * *",
    }
    statuses = "select distinct status from wedsync_realtime.job_history"
    for _, command in jobs.values():
        cron.execute(command)  # unless pg_cron runs the same one just now
    until(lambda: cron.execute(statuses).fetchall() == [("ok",)])


def test_a_changed_schedule_is_taken_over(cron: psycopg.Connection) -> None:
    with cron.transaction(force_rollback=True):
        cron.execute("update wedsync_realtime.settings set purge_schedule = '3 4 * * *'")
        cron.execute("select wedsync_realtime.schedule_jobs()")
        query = "select schedule from cron.job where jobname = 'wedsync-realtime-purge'"
        assert cron.execute(query).fetchall() == [("3 4 * * *",)]


def test_old_runs_of_these_jobs_are_forgotten_and_no_others(cron: psycopg.Connection) -> None:
    with cron.transaction(force_rollback=True):
        cron.execute("delete from cron.job_run_details")
        cron.execute("select cron.schedule('other', '0 0 1 1 *', 'select 1')")
        cron.execute(
            "insert into cron.job_run_details"
            " (jobid, runid, command, status, start_time, end_time)"
            " select j.jobid, 1000000 * a.place + j.jobid, a.what, a.status,"
            " now() - a.age::interval,"
            " case a.status when 'succeeded' then now() - a.age::interval end"
            " from cron.job as j cross join (values"
            " (1, 'not connected', 'failed', null), (2, 'at work', 'running', '9 days'),"
            " (3, '8 days', 'succeeded', '8 days'), (4, 'crashed', 'failed', '8 days'),"
            " (5, 'not connected since', 'failed', null), (6, '6 days', 'succeeded', '6 days')"
            ") as a (place, what, status, age)"
        )
        jobs = cron.execute("select count(*) from cron.job").fetchone()
        assert jobs == (5,)
        cron.execute("select wedsync_realtime.purge()")
        left = cron.execute(
            "select j.jobname = 'other', d.command from cron.job_run_details as d"
            " inner join cron.job as j using (jobid)"
            " where d.runid > 1000000 group by 1, 2 order by 1, 2"
        ).fetchall()
        new = ["6 days", "at work", "not connected since"]
        old = ["8 days", "crashed", "not connected"]
        assert left == [(False, what) for what in new] + [
            (True, what) for what in sorted(new + old)
        ]


@pytest.mark.parametrize(
    ("schedule", "interval"),
    [
        ("* * * * *", "1 minute"), ("*/5 * * * *", "5 minutes"), ("17 * * * *", "1 hour"),
        ("5,35 * * * *", "1 hour"), ("0 3 * * *", "1 day"), ("0 3 * * 1", "7 days"),
        ("30 seconds", "30 seconds"), ("@daily", "7 days"),
    ],
)  # fmt: skip
def test_a_schedule_tells_how_late_a_job_may_be(
    admin: psycopg.Connection, schedule: str, interval: str
) -> None:
    query = "select wedsync_realtime.schedule_interval(%s) = %s::interval"
    assert value(admin, query, schedule, interval) is True


def test_a_second_run_leaves_the_first_alone(admin: psycopg.Connection, people: People) -> None:
    with psycopg.connect(people.url) as first:
        first.execute("select * from wedsync_realtime.job_step('metrics', now())")
        admin.execute(f"set statement_timeout = '{PATIENCE}s'".encode())
        admin.execute("call wedsync_realtime.run_job('metrics')")
        assert value(admin, "select sum(runs) from wedsync_realtime.job_runs") == 0
        first.commit()
    assert value(admin, "select sum(runs) from wedsync_realtime.job_runs") == 1


def test_an_unknown_job_is_named(admin: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="unknown job 'tidy'") as raised:
        admin.execute("call wedsync_realtime.run_job('tidy')")
    assert raised.value.diag.message_hint == "Jobs: cleanup, partitions, purge, metrics."


def test_every_batch_of_cleanup_commits(admin: psycopg.Connection, people: People) -> None:
    supplier = hot_topic(people, admin)
    admin.execute(CROWD.encode(), {"leases": 20_500, "supplier": supplier})
    admin.execute("call wedsync_realtime.run_job('cleanup')")
    transactions = admin.execute(
        "select count(distinct l.xmin::text), count(*) from public.realtime_activity_logs as l"
        " where l.event_type = 'expired'"
    ).fetchone()
    assert transactions == (3, 20_500)
    query = "select last_rows from wedsync_realtime.job_history where job = 'cleanup'"
    assert value(admin, query) == 20_500
    assert value(admin, "select count(*) from wedsync_realtime.topics where idle_since > now()"
                 " - interval '1 minute'") == 1  # fmt: skip


def test_an_event_is_counted_once_whenever_it_commits(
    admin: psycopg.Connection, people: People
) -> None:
    supplier = hot_topic(people, admin)
    counted = "select coalesce(sum(events), 0) from wedsync_realtime.channel_minutes"
    shown = "select events_24h from wedsync_realtime.channel_throughput where channel = %s"
    with psycopg.connect(people.url) as slow:
        slow.execute(INSERT, (supplier,))
        admin.execute(INSERT, (supplier,))
        for _ in range(3):
            admin.execute("call wedsync_realtime.run_job('metrics')")
            assert value(admin, counted) == 1
            assert value(admin, shown, "form-responses") == 1
        slow.commit()
    assert value(admin, shown, "form-responses") == 2
    admin.execute("call wedsync_realtime.run_job('metrics')")
    admin.execute(INSERT, (supplier,))
    assert value(admin, counted) == 2
    assert value(admin, shown, "form-responses") == 3
    stats = value(admin, "select public.realtime_connection_stats()")
    assert isinstance(stats, dict)
    assert (stats["todayMessages"], stats["lastDay"]["messages"]) == (3, 2)


def test_after_a_restore_nothing_is_counted_twice(
    admin: psycopg.Connection, people: People
) -> None:
    supplier = hot_topic(people, admin)
    admin.execute(INSERT, (supplier,))
    admin.execute("update wedsync_realtime.metrics_horizon set epoch = 'another'")
    admin.execute("call wedsync_realtime.run_job('metrics')")
    admin.execute(INSERT, (supplier,))
    admin.execute("call wedsync_realtime.run_job('metrics')")
    assert value(admin, "select sum(events) from wedsync_realtime.channel_minutes") == 1


def test_what_a_default_partition_caught_is_delivered_from_its_own(
    admin: psycopg.Connection, people: People
) -> None:
    supplier = hot_topic(people, admin)
    admin.execute(
        "insert into wedsync_realtime.events (created_at, tenant_id, channel_id, operation)"
        " select now() - d.age::interval, %s, t.channel_id, 'D'"
        " from wedsync_realtime.topics as t"
        " cross join (values ('23 hours'), ('90 days'), ('-50 days')) as d (age)", (supplier,)
    )  # fmt: skip
    admin.execute("call wedsync_realtime.run_job('partitions')")
    assert value(admin, "select count(*) from wedsync_realtime.events_default") == 0
    assert value(admin, "select count(*) from wedsync_realtime.events") == 2
    # what was past retention went as ever: with a word to the cursors
    assert value(admin, "select max_xid > '0' from wedsync_realtime.feed_horizon") is True
