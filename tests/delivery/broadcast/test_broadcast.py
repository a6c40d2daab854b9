"""Supabase broadcasts: what is sent, and what goes wrong unseen by the writer."""

from uuid import UUID

import psycopg
import pytest

from tests.delivery.failures import failures
from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT, Connect, Listener, names
from tests.support.callers.people import People
from tests.support.postgres.supabase import sent
from tests.support.waiting import PATIENCE

DROP_PARTITIONS = b"""
    do $$
    declare v_partition regclass;
    begin
        for v_partition in
            select inhrelid from pg_inherits where inhparent = 'realtime.messages'::regclass
        loop
            execute format('drop table %s', v_partition);
        end loop;
    end $$
"""


def test_every_event_is_sent_as_it_is_polled(
    admin: psycopg.Connection, people: People, listener: Listener, supplier: UUID
) -> None:
    admin.execute("update wedsync_realtime.settings set event_bytes = 1024")
    admin.execute(INSERT, (supplier, "first"))
    admin.execute("update public.form_responses set status = 'submitted'")
    admin.execute("update public.form_responses set form_name = repeat(md5('x'), 100)")
    admin.execute("update public.form_responses set supplier_id = %s", (people.supplier("Petal"),))
    polled = listener.events()
    assert [event["eventType"] for event in polled] == ["INSERT", "UPDATE", "UPDATE", "DELETE"]
    assert "errors" in polled[2]
    assert sent(admin) == [
        {
            "topic": f"form-responses:{supplier}",
            "extension": "broadcast",
            "event": event["event"],
            "private": True,
            "payload": event | {"channel": "form-responses"},
        }
        for event in polled
    ]


def test_each_statement_sends_its_own_rows_once(
    connect: Connect, admin: psycopg.Connection, listener: Listener, supplier: UUID
) -> None:
    writer = connect()
    with writer.transaction():
        writer.execute(INSERT, (supplier, "one"))
        with writer.transaction(force_rollback=True):
            writer.execute(INSERT, (supplier, "undone"))
        writer.execute(
            "insert into public.form_responses (supplier_id, form_name)"
            " select %s, 'row ' || n from generate_series(1, 3) n",
            (supplier,),
        )
    with writer.transaction(force_rollback=True):
        writer.execute(INSERT, (supplier, "undone"))
    assert [message["payload"]["new"]["form_name"] for message in sent(admin)] == [
        "one", "row 1", "row 2", "row 3",
    ]  # fmt: skip
    assert failures(admin) == []


def test_writer_needs_no_right_to_send(
    admin: psycopg.Connection, owner: Caller, listener: Listener, supplier: UUID
) -> None:
    admin.execute("revoke all on realtime.messages from public")
    owner.query(INSERT, supplier, "own")
    assert [message["payload"]["new"]["form_name"] for message in sent(admin)] == ["own"]


def test_truncate_tells_to_resync(
    admin: psycopg.Connection, listener: Listener, supplier: UUID
) -> None:
    admin.execute("truncate public.form_responses")
    (message,) = sent(admin)
    assert (message["topic"], message["event"]) == (f"form-responses:{supplier}", "resync")
    assert message["payload"]["resyncRequired"] is True
    assert message["payload"]["reason"] == "truncated"
    assert message["private"] is True


@pytest.mark.parametrize(
    ("breakage", "sqlstate"),
    [
        (DROP_PARTITIONS, "23514"),
        (b"alter table realtime.messages add check (false) not valid", "23514"),
        (b"drop table realtime.messages", "42P01"),
        (b"drop function realtime.send", "42883"),
        (b"alter function realtime.send rename to deliver", "42883"),
        (
            b"alter function wedsync_realtime.broadcast_events owner to wedsync_realtime_owner",
            "42501",
        ),
        (
            b"create or replace function realtime.send(jsonb, text, text, boolean default true)"
            b" returns void language plpgsql as $$ begin raise warning 'no'; end $$",
            "WR002",
        ),
    ],
)
def test_message_that_is_not_sent_is_counted_and_the_write_succeeds(
    connect: Connect,
    admin: psycopg.Connection,
    listener: Listener,
    supplier: UUID,
    breakage: bytes,
    sqlstate: str,
) -> None:
    if b"create or replace" in breakage:
        admin.execute("drop function realtime.send")
    admin.execute(breakage)
    writer = connect()
    warnings: list[psycopg.errors.Diagnostic] = []
    writer.add_notice_handler(warnings.append)
    with writer.transaction():
        writer.execute("set local realtime.topic = 'mine'")
        writer.execute(INSERT, (supplier, "one"))
        writer.execute(INSERT, (supplier, "two"))
        assert writer.execute("select current_setting('realtime.topic')").fetchone() == ("mine",)
    assert failures(admin) == [("form-responses", "broadcast", sqlstate, 2)]
    assert names(listener) == ["one", "two"]
    assert warnings == []


def test_writers_whose_messages_fail_do_not_wait_for_each_other(
    connect: Connect, admin: psycopg.Connection, listener: Listener, supplier: UUID
) -> None:
    admin.execute(DROP_PARTITIONS)
    writers = [connect() for _ in range(3)]
    levels = [None, None, psycopg.IsolationLevel.SERIALIZABLE]
    for writer, level in zip(writers, levels, strict=True):
        writer.isolation_level = level
        writer.execute(f"set lock_timeout = '{PATIENCE}s'".encode())
        writer.execute(INSERT, (supplier, "row"))
    for writer in writers:
        writer.execute(INSERT, (supplier, "row"))
        writer.commit()
    assert [count for *_, count in failures(admin)] == [2, 2, 2]


@pytest.mark.parametrize(
    ("settings", "before"),
    [
        ("select 1", None),
        ("set realtime.topic = 'session'", "session"),
        ("set local realtime.topic = 'local'", "local"),
        ("set realtime.topic = 'session'; set local realtime.topic = 'local'", "local"),
        ("set realtime.topic = ''", None),
    ],
)
def test_the_writers_own_topic_is_as_it_was(
    connect: Connect, listener: Listener, supplier: UUID, settings: str, before: str | None
) -> None:
    writer = connect()
    after = "session" if "'session'" in settings else None
    with writer.transaction():
        writer.execute(settings.encode())
        writer.execute(INSERT, (supplier, "row"))
        assert writer.execute("select realtime.topic()").fetchone() == (before,)
        writer.execute("truncate public.form_responses")
        assert writer.execute("select realtime.topic()").fetchone() == (before,)
    assert writer.execute("select realtime.topic()").fetchone() == (after,)


@pytest.mark.parametrize(
    "write",
    [
        "insert into public.form_responses (supplier_id) values (%(supplier)s)",
        "truncate public.form_responses",
    ],
)
def test_message_is_dated_as_its_partitions_are_cut(
    connect: Connect, listener: Listener, supplier: UUID, write: str
) -> None:
    writer = connect()
    writer.execute("set timezone = 'Pacific/Kiritimati'")
    writer.execute(write.encode(), {"supplier": supplier})
    assert writer.execute(
        "select m.inserted_at = timezone('UTC', now()) from realtime.messages m"
    ).fetchall() == [(True,)]


def test_event_of_yesterday_at_the_same_place_is_not_sent_again(
    connect: Connect, admin: psycopg.Connection, listener: Listener, supplier: UUID
) -> None:
    """A transaction over midnight has events in two partitions."""
    admin.execute(
        "select wedsync_realtime.add_partition("
        "'wedsync_realtime.events', date_trunc('day', now(), 'UTC') - interval '1 day', '1 day')"
    )
    writer = connect()
    writer.execute(
        "insert into wedsync_realtime.events"
        " (tenant_id, channel_id, operation, event, new, created_at)"
        " select %s, c.id, 'I', 'before.midnight', '{}', now() - interval '1 day'"
        " from wedsync_realtime.channels c where c.name = 'form-responses'",
        (supplier,),
    )
    writer.execute(INSERT, (supplier, "after midnight"))
    places = "select tableoid, ctid from wedsync_realtime.events"
    (one, other) = writer.execute(places).fetchall()
    assert one[0] != other[0]
    assert one[1] == other[1]
    writer.commit()
    assert [message["event"] for message in sent(admin)] == ["form_response.submitted"]
