"""Dispatch: whoever writes, and whatever is switched off or missing."""

from typing import LiteralString
from uuid import UUID

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT, Connect, Listener
from tests.support.callers.tables import listen_to, told
from tests.support.waiting import until

# Whatever dispatch might mention without its schema; each raises when it is used.
HOSTILE = b"""
    create role app_writer;
    grant select, insert, update, delete, truncate on public.form_responses to app_writer;
    create policy app_writer on public.form_responses to app_writer using (true);
    create schema hostile authorization app_writer;
    create function hostile.boom() returns integer language plpgsql as $$
    begin raise exception 'hijacked'; end $$;
    create function hostile.to_jsonb(public.form_responses) returns jsonb language sql
    return to_jsonb(hostile.boom());
    create function hostile.pg_notify(text, text) returns void language sql
    return hostile.boom();
    create function hostile.pg_column_size(jsonb) returns integer language sql
    return hostile.boom();
    create view hostile.topics as select hostile.boom() as channel_id;
    create view hostile.channels as select hostile.boom() as id;
    create view hostile.settings as select hostile.boom() as id;
    create view hostile.events as select hostile.boom() as id;
    create view hostile.changed_rows as select hostile.boom() as id;
    grant select on all tables in schema hostile to app_writer;
    grant execute on all functions in schema hostile to app_writer;
"""


@pytest.fixture
def listener(owner: Caller, supplier: UUID) -> Listener:
    return listen_to(owner, "form-responses", supplier)


@pytest.mark.parametrize("level", ["read committed", "repeatable read", "serializable"])
def test_writer_needs_no_privilege_and_may_have_any_search_path(
    admin: psycopg.Connection,
    connect: Connect,
    listener: Listener,
    supplier: UUID,
    level: str,
) -> None:
    admin.execute(HOSTILE)
    try:
        writer = connect()
        writer.execute(f"set transaction isolation level {level}".encode())
        writer.execute("create temporary view topics as select hostile.boom() as channel_id")
        writer.execute("create temporary view events as select hostile.boom() as id")
        writer.execute("create domain pg_temp.uuid as integer")
        writer.execute("set local role app_writer")
        writer.execute("set local search_path = hostile, pg_temp, pg_catalog")
        writer.execute("set local row_security = on")
        writer.execute(INSERT, (supplier, "written"))
        writer.execute("update public.form_responses set form_name = 'changed'")
        writer.execute("delete from public.form_responses")
        writer.execute("commit")
        assert told(listener, "form_name") == [
            ("INSERT", "written"), ("UPDATE", "changed"), ("DELETE", "changed"),
        ]  # fmt: skip
        writer.execute("set local role app_writer")
        writer.execute("truncate public.form_responses")
        writer.commit()
        assert listener.poll()["reason"] == "truncated"
    finally:
        # roles are the cluster's; a server process that ends drops its temporary views itself
        pid = writer.info.backend_pid
        writer.close()
        gone = "select not exists (select from pg_stat_activity where pid = %s)"
        until(lambda: admin.execute(gone, (pid,)).fetchone() == (True,))
        admin.execute("drop schema hostile cascade")
        admin.execute("drop policy app_writer on public.form_responses")
        admin.execute("revoke all on public.form_responses from app_writer")
        admin.execute("drop role app_writer")


@pytest.mark.parametrize(
    ("off", "on"),
    [
        ("set session_replication_role = replica", "reset session_replication_role"),
        (
            "alter table public.form_responses disable trigger user",
            "alter table public.form_responses enable trigger user",
        ),
    ],
    ids=["as a replica", "of the table"],
)
def test_disabled_triggers_record_nothing_and_hinder_nobody(
    admin: psycopg.Connection,
    listener: Listener,
    supplier: UUID,
    off: LiteralString,
    on: LiteralString,
) -> None:
    admin.execute(off)
    admin.execute(INSERT, (supplier, "unrecorded"))
    admin.execute(on)
    admin.execute(INSERT, (supplier, "recorded"))
    assert told(listener, "form_name") == [("INSERT", "recorded")]


def test_day_without_a_partition_loses_nothing_and_is_mended(
    admin: psycopg.Connection, listener: Listener, supplier: UUID
) -> None:
    for (partition,) in admin.execute(
        "select inhrelid::regclass::text from pg_inherits"
        " where inhparent = 'wedsync_realtime.events'::regclass"
        " and inhrelid <> 'wedsync_realtime.events_default'::regclass"
    ).fetchall():
        admin.execute(f"drop table {partition}".encode())
    admin.execute(INSERT, (supplier, "into the default partition"))
    first = listener.poll(max_events=1)
    assert [event["new"]["form_name"] for event in first["events"]] == [
        "into the default partition"
    ]
    admin.execute("select wedsync_realtime.maintain_partitions()")
    admin.execute(INSERT, (supplier, "after upkeep"))
    assert told(listener, "form_name") == [("INSERT", "after upkeep")]
    listener.cursor = None
    assert len(listener.events()) == 2
