"""Subscribe, wait for ready, read a first copy, poll: no change falls between them."""

from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT, Connect, Listener, names, subscribed


def test_quiet_table_is_ready_at_the_first_poll(listener: Listener) -> None:
    assert listener.poll()["ready"] is True


def test_writer_from_before_the_subscription_is_waited_for(
    connect: Connect, admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    writer = connect()
    writer.execute(INSERT, (supplier, "unrecorded"))
    listener = subscribed(owner, "form-responses", {"supplier_id": str(supplier)})
    assert listener.poll()["ready"] is False
    admin.execute(INSERT, (supplier, "recorded"))
    answer = listener.poll()
    assert answer["ready"] is False
    assert [event["new"]["form_name"] for event in answer["events"]] == ["recorded"]
    writer.commit()
    assert listener.poll()["ready"] is True
    assert owner.query("select form_name from public.form_responses order by 1") == [
        {"form_name": "recorded"}, {"form_name": "unrecorded"},
    ]  # fmt: skip


def test_later_writers_and_readers_are_not_waited_for(
    connect: Connect, listener: Listener, owner: Caller, supplier: UUID
) -> None:
    elder, reader, later = connect(), connect(), connect()
    reader.execute("select from public.form_responses")
    elder.execute("insert into public.clients (supplier_id) values (%s)", (supplier,))
    assert listener.poll()["ready"] is True
    later.execute(INSERT, (supplier, "later"))
    assert listener.poll()["ready"] is True
    second = subscribed(
        owner, "form-responses", {"supplier_id": str(supplier)}, connection_id=uuid4()
    )
    assert second.poll()["ready"] is True
    later.commit()
    assert names(second) == ["later"]


def test_writer_that_came_after_the_topic_does_not_delay_it_for_ever(
    connect: Connect, owner: Caller, supplier: UUID
) -> None:
    elder, younger = connect(), connect()
    elder.execute(INSERT, (supplier, "elder"))
    listener = subscribed(owner, "form-responses", {"supplier_id": str(supplier)})
    assert listener.poll()["ready"] is False
    younger.execute(INSERT, (supplier, "younger"))
    elder.commit()
    assert listener.poll()["ready"] is True
    younger.commit()
    assert names(listener) == ["younger"]


@pytest.mark.parametrize("prepared_first", [True, False])
def test_prepared_writer_is_waited_for(
    connect: Connect, owner: Caller, supplier: UUID, prepared_first: bool
) -> None:
    """Whether it was prepared before the first poll or after it."""
    writer = connect()
    writer.tpc_begin(writer.xid(1, str(uuid4()), "writer"))
    writer.execute(INSERT, (supplier, "prepared"))
    listener = subscribed(owner, "form-responses", {"supplier_id": str(supplier)})
    if prepared_first:
        writer.tpc_prepare()
    assert listener.poll()["ready"] is False
    if not prepared_first:
        writer.tpc_prepare()
    assert listener.poll()["ready"] is False
    writer.tpc_commit()
    assert listener.poll()["ready"] is True


def test_topic_that_others_cannot_see_yet_is_not_ready(owner: Caller, supplier: UUID) -> None:
    """Until the subscription commits, whoever writes records nothing for it."""
    with owner.transaction() as connection:
        row = connection.execute(
            "select public.realtime_subscribe(%s, jsonb_build_object('supplier_id', %s::text))",
            (["form-responses"], supplier),
        ).fetchone()
        assert row is not None
        (subscription,) = row[0]["subscriptions"]
        row = connection.execute(
            "select public.realtime_poll(%s)", (subscription["channel"],)
        ).fetchone()
        assert row is not None
        assert row[0]["ready"] is False
    listener = Listener(owner, subscription["channel"], None)
    assert listener.poll()["ready"] is True


def test_writer_whose_snapshot_is_older_than_the_topic_is_recorded(
    connect: Connect, owner: Caller, supplier: UUID
) -> None:
    writers = []
    for level in (psycopg.IsolationLevel.REPEATABLE_READ, psycopg.IsolationLevel.SERIALIZABLE):
        writer = connect()
        writer.isolation_level = level
        writer.execute("select from public.suppliers")  # takes the snapshot
        writers.append((writer, level.name))
    listener = subscribed(owner, "form-responses", {"supplier_id": str(supplier)})
    assert listener.poll()["ready"] is True
    for writer, name in writers:
        writer.execute(INSERT, (supplier, name))
        writer.execute(
            "update public.form_responses set status = 'submitted' where form_name = %s", (name,)
        )
        writer.commit()
    assert [(event["eventType"], event["new"]["form_name"]) for event in listener.events()] == [
        ("INSERT", "REPEATABLE_READ"), ("UPDATE", "REPEATABLE_READ"),
        ("INSERT", "SERIALIZABLE"), ("UPDATE", "SERIALIZABLE"),
    ]  # fmt: skip
