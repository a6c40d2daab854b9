"""An unforeseen error in dispatch: the write fails by default, and survives where that is set."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.delivery.failures import failures
from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT, ActAs, Connect, Listener, names, subscribed
from tests.support.callers.people import People
from tests.support.waiting import PATIENCE, until

GUARD = "update wedsync_realtime.settings set dispatch_guarded = %s"
BREAK = """
    alter table wedsync_realtime.events add constraint events_new_check
    check (coalesce(new, old) ->> 'form_name' is distinct from 'bad') not valid;
    alter table wedsync_realtime.resets add constraint resets_reason_check
    check (reason <> 'truncated') not valid
"""
REPAIR = "alter table wedsync_realtime.events drop constraint events_new_check"
WRITES = [
    "insert into public.form_responses (supplier_id, form_name) values (%(supplier)s, 'bad')",
    "update public.form_responses set form_name = 'bad'",
    "update public.form_responses set supplier_id = gen_random_uuid(), form_name = 'bad'",
    "delete from public.form_responses",
    "truncate public.form_responses",
]


@pytest.fixture
def broken(admin: psycopg.Connection, listener: Listener, supplier: UUID) -> Listener:
    """Return a listener on a table with rows, whose changes dispatch fails to record."""
    admin.execute(INSERT, (supplier, "good"))
    admin.execute(INSERT, (supplier, "bad"))
    assert names(listener) == ["good", "bad"]
    admin.execute(BREAK)
    return listener


@pytest.mark.parametrize("write", WRITES)
def test_unguarded_write_fails(
    admin: psycopg.Connection, broken: Listener, supplier: UUID, write: str
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        admin.execute(write.encode(), {"supplier": supplier})
    assert failures(admin) == []
    assert broken.events() == []


@pytest.mark.parametrize("write", WRITES)
def test_guarded_write_survives_is_counted_and_makes_clients_resync(
    admin: psycopg.Connection, broken: Listener, supplier: UUID, write: str
) -> None:
    admin.execute(GUARD, (True,))
    admin.execute(write.encode(), {"supplier": supplier})
    assert failures(admin) == [("form-responses", "dispatch", "23514", 1)]
    answer = broken.poll()
    assert (answer["success"], answer["resyncRequired"]) == (True, True)
    assert (answer["reason"], answer["events"]) == ("dispatch_failed", [])
    assert broken.poll()["resyncRequired"] is False
    admin.execute(REPAIR)
    admin.execute(INSERT, (supplier, "after"))
    assert names(broken) == ["after"]


def test_guard_is_off_by_default_and_leaves_no_exception_block(admin: psycopg.Connection) -> None:
    blocks = (
        "select count(*) from pg_proc where pronamespace = 'wedsync_realtime'::regnamespace"
        r" and proname ~ '^dispatch_.*_(insert|update|delete)$' and prosrc ~ '\mexception\M'"
    )
    assert admin.execute(blocks).fetchone() == (0,)
    admin.execute(GUARD, (True,))
    assert admin.execute(blocks).fetchone() == (21,)
    admin.execute(GUARD, (False,))
    assert admin.execute(blocks).fetchone() == (0,)


def test_guarded_write_that_works_is_recorded(
    admin: psycopg.Connection, broken: Listener, supplier: UUID
) -> None:
    admin.execute(GUARD, (True,))
    admin.execute(INSERT, (supplier, "fine"))
    assert names(broken) == ["fine"]
    assert failures(admin) == []


def test_everybody_on_the_channel_is_told_and_nobody_else(
    admin: psycopg.Connection,
    people: People,
    act_as: ActAs,
    owner: Caller,
    broken: Listener,
    supplier: UUID,
) -> None:
    petal = people.supplier("Petal")
    other = subscribed(
        act_as(people.supplier_user(petal)), "form-responses", {"supplier_id": str(petal)}
    )
    journey = subscribed(owner, "journey-progress", {"supplier_id": str(supplier)})
    admin.execute(GUARD, (True,))
    admin.execute("listen wedsync_realtime")
    admin.execute(INSERT, (supplier, "bad"))
    woken = {notify.payload for notify in admin.notifies(timeout=PATIENCE, stop_after=2)}
    assert woken == {f"form-responses:{supplier}", f"form-responses:{petal}"}
    assert broken.poll()["reason"] == "dispatch_failed"
    assert other.poll()["reason"] == "dispatch_failed"
    assert journey.poll()["resyncRequired"] is False


def test_failure_is_told_when_it_commits_however_late(
    connect: Connect, admin: psycopg.Connection, broken: Listener, supplier: UUID
) -> None:
    admin.execute(GUARD, (True,))
    writer = connect()
    writer.execute(INSERT, (supplier, "bad"))
    writer.execute(INSERT, (supplier, "bad"))
    admin.execute(INSERT, (supplier, "meanwhile"))
    assert names(broken) == ["meanwhile"]
    writer.commit()
    assert broken.poll()["reason"] == "dispatch_failed"
    assert failures(admin) == [("form-responses", "dispatch", "23514", 2)]
    writer.execute(INSERT, (supplier, "bad"))
    writer.rollback()
    assert broken.poll()["resyncRequired"] is False


def test_failure_of_an_old_snapshot_reaches_a_newer_topic(
    connect: Connect, admin: psycopg.Connection, people: People, act_as: ActAs, broken: Listener
) -> None:
    admin.execute(GUARD, (True,))
    petal = people.supplier("Petal")
    user = act_as(people.supplier_user(petal))
    writer = connect()
    writer.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    writer.execute("select from public.suppliers")  # takes the snapshot
    late = subscribed(user, "form-responses", {"supplier_id": str(petal)})
    assert late.poll()["ready"] is True
    writer.execute(INSERT, (petal, "bad"))
    writer.commit()
    assert late.poll()["reason"] == "dispatch_failed"


def test_failed_writers_do_not_wait_for_each_other(
    connect: Connect, admin: psycopg.Connection, broken: Listener, supplier: UUID
) -> None:
    admin.execute(GUARD, (True,))
    writers = [connect() for _ in range(3)]
    writers[0].isolation_level = psycopg.IsolationLevel.SERIALIZABLE
    for writer in writers:
        writer.execute(f"set lock_timeout = '{PATIENCE}s'".encode())
        writer.execute(INSERT, (supplier, "bad"))
    for writer in writers:
        writer.commit()
    assert broken.poll()["reason"] == "dispatch_failed"


def test_error_in_telling_does_not_reach_the_writer(
    admin: psycopg.Connection, broken: Listener, supplier: UUID
) -> None:
    admin.execute(GUARD, (True,))
    admin.execute("alter table wedsync_realtime.topics rename to hidden")
    admin.execute(INSERT, (supplier, "bad"))
    admin.execute("alter table wedsync_realtime.hidden rename to topics")
    assert [count for *_, count in failures(admin)] == [1]
    assert broken.poll()["reason"] == "dispatch_failed"
    told = admin.execute("select message from wedsync_realtime.dispatch_failures").fetchone()
    assert told
    first, _, second = told[0].partition("; ")
    assert "wedsync_realtime.topics" in first
    assert second.startswith("clients were not told to resync: ")


def test_error_in_telling_of_a_truncation_keeps_its_reason(
    admin: psycopg.Connection, listener: Listener
) -> None:
    admin.execute(GUARD, (True,))
    admin.execute("alter table wedsync_realtime.topics rename to hidden")
    admin.execute("truncate public.form_responses")
    admin.execute("alter table wedsync_realtime.hidden rename to topics")
    assert failures(admin) == [("form-responses", "dispatch", "42P01", 1)]
    assert listener.poll()["reason"] == "truncated"


def test_cancelled_write_does_not_survive(
    connect: Connect, admin: psycopg.Connection, listener: Listener, supplier: UUID
) -> None:
    admin.execute(GUARD, (True,))
    admin.execute(
        "alter table wedsync_realtime.events add constraint events_id_check"
        " check (pg_sleep(600) is null) not valid"
    )
    writer = connect()
    asleep = "select 1 from pg_stat_activity where pid = %s and wait_event = 'PgSleep'"

    def cancel() -> None:
        with psycopg.connect(admin.info.dsn, autocommit=True) as watcher:
            until(lambda: watcher.execute(asleep, (writer.info.backend_pid,)).fetchone())
            watcher.execute("select pg_cancel_backend(%s)", (writer.info.backend_pid,))

    with ThreadPoolExecutor() as pool:
        cancelling = pool.submit(cancel)
        with pytest.raises(psycopg.errors.QueryCanceled):
            writer.execute(INSERT, (supplier, "slow"))
        cancelling.result()


def test_guarded_write_fails_when_clients_cannot_be_made_to_resync(
    admin: psycopg.Connection, broken: Listener, supplier: UUID
) -> None:
    admin.execute(GUARD, (True,))
    admin.execute("alter table wedsync_realtime.resets add check (false) not valid")
    with pytest.raises(psycopg.errors.CheckViolation):
        admin.execute(INSERT, (supplier, "bad"))


def test_purged_failure_still_makes_an_old_cursor_resync(
    admin: psycopg.Connection, owner: Caller, broken: Listener, supplier: UUID
) -> None:
    admin.execute(GUARD, (True,))
    admin.execute(INSERT, (supplier, "bad"))
    admin.execute(
        "update wedsync_realtime.dispatch_failures set last_at = now() - interval '25 hours';"
        "update wedsync_realtime.resets set created_at = now() - interval '25 hours'"
    )
    admin.execute("select wedsync_realtime.maintain_partitions()")
    assert failures(admin) == []
    assert broken.poll()["reason"] == "retention_passed"
    fresh = subscribed(
        owner, "form-responses", {"supplier_id": str(supplier)}, connection_id=uuid4()
    )
    assert fresh.poll()["resyncRequired"] is False
