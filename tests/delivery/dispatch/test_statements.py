"""Dispatch: every statement that changes rows is told, row by row, whatever their size."""

from typing import LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT, Listener
from tests.support.callers.tables import listen_to, told


@pytest.fixture
def listener(owner: Caller, supplier: UUID) -> Listener:
    return listen_to(owner, "form-responses", supplier)


def test_statement_of_many_rows_tells_each(
    admin: psycopg.Connection, listener: Listener, supplier: UUID
) -> None:
    admin.execute(
        "insert into public.form_responses (supplier_id, form_name)"
        " select %s, n::text from generate_series(1, 500) as n",
        (supplier,),
    )
    names = [str(number) for number in range(1, 501)]
    assert told(listener, "form_name") == [("INSERT", name) for name in names]
    admin.execute("update public.form_responses set status = 'submitted'")
    assert sorted(told(listener, "form_name")) == sorted(("UPDATE", name) for name in names)
    admin.execute("delete from public.form_responses")
    assert sorted(told(listener, "form_name")) == sorted(("DELETE", name) for name in names)


def test_copy_tells_each_row(admin: psycopg.Connection, listener: Listener, supplier: UUID) -> None:
    command: LiteralString = "copy public.form_responses (supplier_id, form_name) from stdin"
    with admin.cursor() as cursor, cursor.copy(command) as rows:
        for name in ("one", "two"):
            rows.write_row((supplier, name))
    assert told(listener, "form_name") == [("INSERT", "one"), ("INSERT", "two")]


def test_upsert_tells_what_it_did_to_each_row(
    admin: psycopg.Connection, listener: Listener, supplier: UUID
) -> None:
    known, new = uuid4(), uuid4()
    upsert = (
        "insert into public.form_responses as f (id, supplier_id, form_name)"
        " select unnest(%s::uuid[]), %s, %s"
        " on conflict (id) do update set form_name = excluded.form_name"
        " where f.form_name <> excluded.form_name"
    )
    admin.execute(upsert, ([known], supplier, "first"))
    admin.execute(upsert, ([known, new], supplier, "second"))
    assert told(listener, "id", "form_name")[0] == ("INSERT", str(known), "first")
    listener.cursor = None
    assert set(told(listener, "id", "form_name")[1:]) == {
        ("UPDATE", str(known), "second"), ("INSERT", str(new), "second"),
    }  # fmt: skip
    admin.execute(upsert, ([known, new], supplier, "second"))
    admin.execute(
        "insert into public.form_responses (id, supplier_id) values (%s, %s)"
        " on conflict do nothing",
        (known, supplier),
    )
    assert told(listener) == []


def test_merge_tells_what_it_did_to_each_row(
    admin: psycopg.Connection, listener: Listener, supplier: UUID
) -> None:
    for name in ("goes", "stays"):
        admin.execute(INSERT, (supplier, name))
    assert len(told(listener)) == 2
    admin.execute(
        "merge into public.form_responses as f"
        " using (values ('goes'), ('stays'), ('comes')) as u (name) on f.form_name = u.name"
        " when matched and u.name = 'goes' then delete"
        " when matched then update set status = 'submitted'"
        " when not matched then insert (supplier_id, form_name) values (%s, u.name)",
        (supplier,),
    )
    assert set(told(listener, "form_name")) == {
        ("DELETE", "goes"), ("UPDATE", "stays"), ("INSERT", "comes"),
    }  # fmt: skip


@pytest.mark.parametrize("travels", [False, True], ids=["as its key", "whole"])
def test_row_of_a_megabyte_travels(
    admin: psycopg.Connection, listener: Listener, supplier: UUID, travels: bool
) -> None:
    if travels:
        admin.execute("update wedsync_realtime.settings set event_bytes = 4 * 1024 * 1024")
    text = "wedding " * (1024 * 1024 // 8)
    admin.execute(INSERT, (supplier, text))
    admin.execute("update public.form_responses set status = 'submitted'")
    admin.execute("delete from public.form_responses")
    inserted, updated, deleted = listener.events()
    for event, image in ((inserted, "new"), (updated, "new"), (deleted, "old")):
        if travels:
            assert event[image]["form_name"] == text
            assert "errors" not in event
        else:
            assert event[image].keys() == {"id"}
            assert event["errors"] == ["payload_too_large"]
