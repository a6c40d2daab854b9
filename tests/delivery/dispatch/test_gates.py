"""Gates: closed only where no topic can be, so that no change passes a closed one unrecorded."""

from uuid import UUID

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT, Connect, names, subscribed
from tests.support.waiting import PATIENCE

CLOSE = "select setval('wedsync_realtime.gate_1', 1, false)"
SET = "select wedsync_realtime.set_gates()"
TOPIC = "insert into wedsync_realtime.topics (channel_id, tenant_id) values (%s, %s)"
COOL = "delete from wedsync_realtime.topics"


def is_open(admin: psycopg.Connection) -> bool:
    """Tell whether the gate of form-responses is open."""
    row = admin.execute(
        "select pg_sequence_last_value(wedsync_realtime.gate_name(c.id)::regclass) is not null"
        " from wedsync_realtime.channels as c where c.name = 'form-responses'"
    ).fetchone()
    assert row is not None
    return bool(row[0])


def test_gate_is_open_before_the_first_subscription_can_be_seen(
    connect: Connect, admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    assert not is_open(admin)
    connection = connect()
    connection.execute(TOPIC, (2, supplier))
    connection.execute(TOPIC, (1, supplier))
    assert is_open(admin)
    connection.rollback()
    assert is_open(admin)
    admin.execute(SET)
    assert not is_open(admin)


def test_gate_stays_open_while_somebody_makes_a_topic(
    connect: Connect, admin: psycopg.Connection, supplier: UUID
) -> None:
    connection = connect()
    connection.execute(TOPIC, (1, supplier))
    admin.execute(SET)
    assert is_open(admin)
    connection.commit()
    admin.execute(SET)
    assert is_open(admin)


def test_removal_that_is_rolled_back_leaves_the_gate_open(
    connect: Connect, admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    listener = subscribed(owner, "form-responses", {"supplier_id": str(supplier)})
    admin.execute("alter table public.realtime_subscriptions drop constraint"
                  " realtime_subscriptions_topic_id_fkey")  # fmt: skip
    connection = connect()
    connection.execute(COOL)
    connection.execute(SET)
    connection.rollback()
    admin.execute(INSERT, (supplier, "kept"))
    assert names(listener) == ["kept"]
    connection.execute("set transaction isolation level repeatable read")
    connection.execute("select")
    admin.execute(COOL)
    assert is_open(admin)
    connection.execute(SET)
    connection.commit()
    assert is_open(admin), "an old snapshot cannot know that there is no topic"
    admin.execute(SET)
    assert not is_open(admin)


def test_closing_a_gate_keeps_no_new_topic_waiting(
    connect: Connect, admin: psycopg.Connection, supplier: UUID
) -> None:
    admin.execute("select setval('wedsync_realtime.gate_1', 1)")
    connection = connect()
    connection.execute(SET)
    assert not is_open(admin)
    admin.execute(f"set lock_timeout = '{PATIENCE}s'".encode())
    admin.execute(TOPIC, (1, supplier))
    assert is_open(admin)
    connection.rollback()
    assert is_open(admin)


@pytest.mark.parametrize("opener", ["subscribe", "upkeep"])
def test_gate_that_a_restore_left_closed_is_opened_and_clients_read_anew(
    connect: Connect, admin: psycopg.Connection, owner: Caller, supplier: UUID, opener: str
) -> None:
    listener = subscribed(owner, "form-responses", {"supplier_id": str(supplier)})
    assert listener.poll()["ready"]
    admin.execute(CLOSE)
    passed = connect()
    passed.execute(INSERT, (supplier, "passed the closed gate"))
    if opener == "upkeep":
        admin.execute("select wedsync_realtime.maintain_partitions()")
    else:
        subscribed(owner, "form-responses", {"supplier_id": str(supplier)})
    admin.execute(INSERT, (supplier, "not in the copy of a client that does not wait"))
    answer = listener.poll()
    assert (answer["reason"], answer["ready"]) == ("dispatch_failed", False)
    passed.commit()
    assert listener.poll()["ready"]
    admin.execute(INSERT, (supplier, "recorded"))
    assert names(listener) == ["recorded"]


def test_gate_that_could_not_be_opened_with_all_that_belongs_to_it_stays_closed(
    connect: Connect, admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    """An open gate is not looked at again: clients would never be told."""
    listener = subscribed(owner, "form-responses", {"supplier_id": str(supplier)})
    assert listener.poll()["ready"]
    admin.execute(CLOSE)
    holding = connect()
    holding.execute("select from wedsync_realtime.topics for update")
    admin.execute("set lock_timeout = '100ms'")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        admin.execute(SET)
    assert not is_open(admin)
    holding.rollback()
    admin.execute(SET)
    assert is_open(admin)
    assert listener.poll()["reason"] == "dispatch_failed"
