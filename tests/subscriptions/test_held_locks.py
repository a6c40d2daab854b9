"""Callers who leave a transaction open: no job and no poll of anybody else waits for them."""

import threading
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.support.caller import Caller
from tests.support.listener import INSERT, ActAs, Listener, names, subscribed
from tests.support.people import People
from tests.support.tables import add_channel

SUBSCRIBE = "select public.realtime_subscribe(%s, jsonb_build_object('supplier_id', %s::text))"
POLL = "select public.realtime_poll(%s, %s)"
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


@pytest.fixture
def admin(database: str) -> Iterator[psycopg.Connection]:
    """Yield a superuser's connection in autocommit mode, which waits ten seconds at most."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("set statement_timeout = '10s'")
        yield connection


@pytest.fixture
def supplier(people: People) -> UUID:
    return people.supplier()


@pytest.fixture
def user_of(people: People, act_as: ActAs) -> Callable[..., Caller]:
    """Return who opens a connection as a named user of a supplier; it waits three seconds."""

    def open_connection(supplier: UUID, name: str = "user") -> Caller:
        caller = act_as(people.supplier_user(supplier, name))
        caller.connection.execute("set statement_timeout = '3s'")
        return caller

    return open_connection


def value(connection: psycopg.Connection, query: str, *values: object) -> Any:
    row = connection.execute(query.encode(), values or None).fetchone()
    assert row is not None
    return row[0]


def run(admin: psycopg.Connection, job: str) -> None:
    """Run a job, which raises when it fails."""
    admin.execute("call wedsync_realtime.run_job(%s)", (job,))


def on_responses(caller: Caller, supplier: UUID) -> Listener:
    return subscribed(caller, "form-responses", {"supplier_id": str(supplier)})


def sharing(people: People, suppliers: list[UUID]) -> dict[str, str]:
    """Return the filter of a couple that several suppliers serve."""
    couple = people.couple()
    for each in suppliers:
        people.link(each, couple)
    return {"couple_id": str(couple)}


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


def test_feed_of_another_history_waits_for_no_open_poll(
    people: People, admin: psycopg.Connection, user_of: Callable[..., Caller], supplier: UUID
) -> None:
    """After a restore: clients go on meanwhile, and read anew when the feed has begun anew."""
    other = people.supplier("Petal")
    listener = on_responses(user_of(supplier), supplier)
    holding = on_responses(user_of(other), other)
    run(admin, "partitions")
    admin.execute(
        "update wedsync_realtime.feed_horizon set epoch = '0badc0de', max_xid = ('9' || xid)::xid8"
        " from (select pg_current_xact_id()::text as xid) as now"
    )
    epoch = "select epoch = wedsync_realtime.epoch() from wedsync_realtime.feed_horizon"
    with user_of(other).transaction() as left_open:
        left_open.execute(POLL, (holding.channel, holding.cursor))
        began = monotonic()
        run(admin, "partitions")
        assert monotonic() - began < 2
        assert value(admin, epoch) is False
        assert listener.poll()["reason"] == "retention_passed"
        admin.execute(INSERT, (supplier, "told meanwhile"))
        assert names(listener) == ["told meanwhile"]
        admin.execute(INSERT, (supplier, "gone with the old feed"))
    run(admin, "partitions")
    assert value(admin, epoch) is True
    assert value(admin, "select count(*) from wedsync_realtime.events") == 0
    assert listener.poll()["reason"] == "epoch_changed"
    admin.execute(INSERT, (supplier, "recorded"))
    assert names(listener) == ["recorded"]


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

    def write_and_poll() -> None:
        with psycopg.connect(database, autocommit=True) as writer:
            while not over.is_set():
                began = monotonic()
                writer.execute(INSERT, (supplier, "meanwhile"))
                listener.poll()
                waits.append(monotonic() - began)

    beside = threading.Thread(target=write_and_poll)
    with psycopg.connect(database) as left_open:
        left_open.execute(
            "insert into public.notes (supplier_id, day) values (%s, '2026-07-01')", (supplier,)
        )
        beside.start()
        try:
            with pytest.raises(psycopg.errors.RaiseException, match="notes_2026 is not attached"):
                run(admin, "partitions")
        finally:
            over.set()
            beside.join()
        assert max(waits) < 1
        status, error, runs, failures = admin.execute(RUNS, ("partitions",)).fetchone() or ()
        assert (status, runs, failures) == ("failed", 1, 1)
        assert f"notes_2026 by pid {left_open.info.backend_pid} since" in error
        assert value(admin, DAYS) == 0
    run(admin, "partitions")
    assert value(admin, RUNS, "partitions") == "ok"
    attached = (
        "select triggers from wedsync_realtime.attached_tables() where relation = %s::regclass"
    )
    assert value(admin, attached, "public.notes_2026") == 4


def test_poll_of_a_new_topic_does_not_wait_for_another(
    people: People, admin: psycopg.Connection, user_of: Callable[..., Caller], supplier: UUID
) -> None:
    """It says ready when nobody writes the table, without remembering it."""
    other = people.supplier("Petal")
    shared = sharing(people, [supplier, other])
    first = subscribed(user_of(supplier), "couple-profile", shared)
    second = subscribed(user_of(other), "couple-profile", shared)
    with psycopg.connect(people.url) as writer:
        writer.execute("update public.couples set display_name = 'missed by the topic'")
        with user_of(supplier).transaction() as left_open:
            left_open.execute(POLL, (first.channel, first.cursor))
            assert second.poll()["ready"] is False
            writer.commit()
            assert second.poll()["ready"] is True
    is_ready = "select is_ready from wedsync_realtime.topics"
    assert value(admin, is_ready) is False
    assert second.poll()["ready"] is True
    assert value(admin, is_ready) is True


def test_poll_does_not_wait_for_another_of_its_lease(
    admin: psycopg.Connection, user_of: Callable[..., Caller], supplier: UUID
) -> None:
    listener = on_responses(user_of(supplier), supplier)
    assert listener.poll()["ready"]
    admin.execute(
        "update public.realtime_subscriptions set last_ping_at = now() - interval '2 min'"
    )
    with user_of(supplier).transaction() as left_open:
        left_open.execute(POLL, (listener.channel, listener.cursor))
        admin.execute(INSERT, (supplier, "told"))
        assert names(listener) == ["told"]


def test_poll_that_is_refused_does_not_wait_for_its_tenant(
    people: People, admin: psycopg.Connection, user_of: Callable[..., Caller], supplier: UUID
) -> None:
    other = people.supplier("Petal")
    listener = on_responses(user_of(supplier), supplier)
    admin.execute("alter table public.user_profiles disable trigger user")
    admin.execute(
        "update public.user_profiles set supplier_id = %s where id = %s",
        (other, listener.caller.claims["sub"]),
    )
    with user_of(supplier, "colleague").transaction() as left_open:
        left_open.execute(SUBSCRIBE, (["form-responses"], supplier))
        assert listener.poll()["code"] == "forbidden_channel"
    mine = "select count(*) from public.realtime_subscriptions where channel_id = %s"
    assert value(admin, mine, listener.channel) == 1
    assert listener.poll()["code"] == "forbidden_channel"
    assert value(admin, mine, listener.channel) == 0


def test_poll_of_nobody_does_not_wait_for_another(act_as: ActAs) -> None:
    first, second = act_as(role="authenticated"), act_as(role="authenticated")
    second.connection.execute("set statement_timeout = '3s'")
    with first.transaction() as left_open:
        left_open.execute(POLL, ("form-responses-x", None))
        answer = second.rpc("realtime_poll", channel="form-responses-x")
        assert answer["code"] == "unauthorized"


@pytest.mark.parametrize("job", ["cleanup", "partitions", "purge", "metrics"])
def test_job_that_is_cancelled_is_on_record(
    database: str, admin: psycopg.Connection, job: str
) -> None:
    admin.execute("set statement_timeout = '300ms'")
    with psycopg.connect(database) as left_open:
        left_open.execute(
            "lock table public.realtime_subscriptions, wedsync_realtime.rate_limits,"
            " wedsync_realtime.topics, wedsync_realtime.settings"
        )
        with pytest.raises(psycopg.errors.RaiseException, match="SQLSTATE 57014"):
            run(admin, job)
    admin.execute("set statement_timeout = '10s'")
    status, error, runs, failures = admin.execute(RUNS, (job,)).fetchone() or ()
    assert (status, runs, failures) == ("failed", 0, 1)
    assert error == (
        f"job {job} failed: canceling statement due to statement timeout (SQLSTATE 57014)"
    )
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
