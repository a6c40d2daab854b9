"""Callers who leave a transaction open: no job waits for them."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from uuid import UUID

import psycopg
import pytest

from tests.subscriptions.conftest import POLL, SUBSCRIBE, on_responses, run, value
from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT
from tests.support.callers.people import People
from tests.support.callers.tables import add_channel
from tests.support.waiting import PAUSE, until, until_blocked

AGE = "update public.realtime_subscriptions set last_ping_at = now() - interval '10 minutes'"
LISTENING = "select user_id from public.realtime_subscriptions order by channel_name"
NOTES = """
    create table public.notes (
        id uuid not null default gen_random_uuid(), supplier_id uuid not null, day date not null,
        primary key (id, day)
    ) partition by range (day);
    create table public.notes_2025 partition of public.notes
    for values from ('2025-01-01') to ('2026-01-01')
"""
NEXT_YEAR = """
    create table public.notes_2026 partition of public.notes
    for values from ('2026-01-01') to ('2027-01-01')
"""
OLD_DAY = """
    select wedsync_realtime.add_partition(
        'wedsync_realtime.events', date_trunc('day', now(), 'UTC') - interval '9 days', '1 day'
    )
"""
DAYS = """
    select count(*) from wedsync_realtime.feed_size
    where parent = 'events' and upper < now() - interval '2 days'
"""
RUNS = "select status, last_error, runs, failures from wedsync_realtime.job_history where job = %s"


@pytest.mark.parametrize(
    "cleanup",
    ["call wedsync_realtime.run_job('cleanup')", "select public.cleanup_inactive_subscriptions()"],
)
def test_cleanup_leaves_a_tenant_that_a_subscriber_holds(
    people: People,
    admin: psycopg.Connection,
    user_of: Callable[..., Caller],
    supplier: UUID,
    cleanup: str,
) -> None:
    other = people.supplier("Petal")
    held, free = user_of(supplier), user_of(other)
    on_responses(held, supplier)
    on_responses(free, other)
    admin.execute(AGE)
    with user_of(supplier, "colleague").transaction() as left_open:
        left_open.execute(SUBSCRIBE, (["client-profiles"], supplier))
        admin.execute(cleanup.encode())
        assert admin.execute(LISTENING).fetchall() == [(UUID(held.claims["sub"]),)]
        on_responses(free, other)
        admin.execute("update wedsync_realtime.settings set stale_after = stale_after")
    admin.execute(cleanup.encode())
    names_left = "select array_agg(channel_name order by 1) from public.realtime_subscriptions"
    assert value(admin, names_left) == ["client-profiles", "form-responses"]
    assert value(admin, "select sum(subscriptions) from wedsync_realtime.tenants") == 2


def test_cleanup_leaves_what_disconnect_is_at_work_on(
    admin: psycopg.Connection, user_of: Callable[..., Caller], supplier: UUID, database: str
) -> None:
    on_responses(user_of(supplier), supplier)
    admin.execute(AGE)
    with psycopg.connect(database) as left_open:
        left_open.execute("select wedsync_realtime.disconnect(channel => 'core-fields')")
        run(admin, "cleanup")
        assert value(admin, "select count(*) from public.realtime_subscriptions") == 1
    run(admin, "cleanup")
    assert value(admin, "select count(*) from public.realtime_subscriptions") == 0


def test_cleanup_leaves_a_topic_that_a_poll_holds(
    people: People, admin: psycopg.Connection, user_of: Callable[..., Caller], supplier: UUID
) -> None:
    other = people.supplier("Petal")
    held, free = user_of(supplier), user_of(other)
    listener = on_responses(held, supplier)
    on_responses(free, other)
    idle = "select array_agg(tenant_id) from wedsync_realtime.topics where idle_since is not null"
    with user_of(supplier).transaction() as left_open:
        left_open.execute(POLL, (listener.channel, listener.cursor))
        for caller in (held, free):
            assert caller.rpc("realtime_unsubscribe_all")["closed"] == 1
        run(admin, "cleanup")
        assert value(admin, idle) == [other]
    run(admin, "cleanup")
    assert sorted(value(admin, idle)) == sorted([supplier, other])


def test_purge_leaves_a_rate_that_a_subscriber_holds(
    people: People, admin: psycopg.Connection, user_of: Callable[..., Caller], supplier: UUID
) -> None:
    other = people.supplier("Petal")
    held = user_of(supplier)
    on_responses(held, supplier)
    on_responses(user_of(other), other)
    admin.execute("update wedsync_realtime.rate_limits set full_at = now() - interval '2 hours'")
    with held.transaction() as left_open:
        left_open.execute(SUBSCRIBE, (["client-profiles"], supplier))
        run(admin, "purge")
        rates = "select array_agg(user_id) from wedsync_realtime.rate_limits"
        assert value(admin, rates) == [UUID(held.claims["sub"])]


def test_new_partition_in_use_holds_up_nobody_and_is_on_record(
    database: str, admin: psycopg.Connection, user_of: Callable[..., Caller], supplier: UUID
) -> None:
    """The day past retention goes at once; the partition of the application at a later run."""
    admin.execute(NOTES)
    add_channel(admin, "notes", "id", "day")
    listener = on_responses(user_of(supplier), supplier)
    admin.execute(OLD_DAY)
    admin.execute(NEXT_YEAR)
    over = threading.Event()
    waits: list[float] = []
    stalls: list[float] = []  # of who waits for nothing but the machine

    def past_day_is_gone() -> bool:
        # at once, unless a poll on a busy machine is in the way for too long
        with pytest.raises(psycopg.errors.RaiseException, match="notes_2026 is not attached"):
            run(admin, "partitions")
        return bool(value(admin, DAYS) == 0)

    def write_and_poll() -> None:
        with psycopg.connect(database, autocommit=True) as writer:
            while not over.is_set():
                began = monotonic()
                writer.execute(INSERT, (supplier, "meanwhile"))
                listener.poll()
                waits.append(monotonic() - began)

    def look() -> None:
        with psycopg.connect(database, autocommit=True) as watcher:
            while not over.wait(PAUSE):
                began = monotonic()
                watcher.execute("select")
                stalls.append(monotonic() - began)

    beside = [threading.Thread(target=work) for work in (write_and_poll, look)]
    with psycopg.connect(database) as left_open:
        left_open.execute(
            "insert into public.notes (supplier_id, day) values (%s, '2026-07-01')", (supplier,)
        )
        for thread in beside:
            thread.start()
        try:
            until(lambda: len(waits) >= 50)
            usual = max(waits)
            until(past_day_is_gone)
        finally:
            over.set()
            for thread in beside:
                thread.join()
        assert max(waits) < 1 + 10 * max(usual, *stalls)
        status, error, runs, failures = admin.execute(RUNS, ("partitions",)).fetchone() or ()
        assert (status, runs) == ("failed", failures)
        assert f"notes_2026 by pid {left_open.info.backend_pid} since" in error
    run(admin, "partitions")
    assert value(admin, RUNS, "partitions") == "ok"
    attached = (
        "select triggers from wedsync_realtime.attached_tables() where relation = %s::regclass"
    )
    assert value(admin, attached, "public.notes_2026") == 4


@pytest.mark.parametrize("job", ["cleanup", "partitions", "purge", "metrics"])
def test_job_that_is_cancelled_is_on_record(
    database: str, admin: psycopg.Connection, job: str
) -> None:
    with psycopg.connect(database) as left_open:
        left_open.execute(
            "lock table public.realtime_subscriptions, wedsync_realtime.rate_limits,"
            " wedsync_realtime.topics, wedsync_realtime.settings"
        )
        with ThreadPoolExecutor() as pool, psycopg.connect(database, autocommit=True) as watcher:
            running = pool.submit(run, admin, job)
            until_blocked(watcher, admin)
            # by one signal: a client's request sends two, and the second may hit what follows
            watcher.execute("select pg_cancel_backend(%s)", (admin.info.backend_pid,))
            with pytest.raises(psycopg.errors.RaiseException, match="SQLSTATE 57014"):
                running.result()
    status, error, runs, failures = admin.execute(RUNS, (job,)).fetchone() or ()
    assert (status, runs, failures) == ("failed", 0, 1)
    assert error == (f"job {job} failed: canceling statement due to user request (SQLSTATE 57014)")
    run(admin, job)
    assert value(admin, RUNS, job) == "ok"


def test_job_gives_up_a_lock_that_nobody_has_thought_of(
    database: str, admin: psycopg.Connection
) -> None:
    with psycopg.connect(database) as left_open:
        left_open.execute("lock table wedsync_realtime.rate_limits")
        with pytest.raises(psycopg.errors.RaiseException, match="SQLSTATE 55P03"):
            run(admin, "purge")
    assert value(admin, RUNS, "purge") == "failed"


def test_disconnect_that_is_held_up_says_what_to_do(
    admin: psycopg.Connection, user_of: Callable[..., Caller], supplier: UUID
) -> None:
    listener = on_responses(user_of(supplier), supplier)
    with user_of(supplier, "colleague").transaction() as left_open:
        left_open.execute(SUBSCRIBE, (["form-responses"], supplier))
        with pytest.raises(psycopg.errors.LockNotAvailable) as raised:
            admin.execute("select wedsync_realtime.disconnect(channel => %s)", (listener.channel,))
        hint = raised.value.diag.message_hint or ""
        assert "open_transactions()" in hint
        assert "pg_terminate_backend(pid)" in hint
    assert value(admin, "select wedsync_realtime.disconnect(channel => %s)", listener.channel) == 1


def test_cleanup_that_is_held_up_says_so(database: str, admin: psycopg.Connection) -> None:
    with psycopg.connect(database) as left_open:
        left_open.execute("update wedsync_realtime.settings set cleanup_schedule = '* * * * *'")
        with pytest.raises(psycopg.errors.RaiseException, match="job cleanup is held up"):
            run(admin, "cleanup")
    assert value(admin, "select runs from wedsync_realtime.job_runs where job = 'cleanup'") == 0
    run(admin, "cleanup")
    assert value(admin, RUNS, "cleanup") == "ok"
