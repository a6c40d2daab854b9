"""Dispatch: what foreign keys do to a table in one statement on another one."""

from uuid import UUID

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.listener import Listener
from tests.support.callers.tables import add_channel, listen_to, told

CREATE = """
    create table public.staff (id integer primary key);
    create table public.chores (
        id integer primary key, supplier_id uuid, note text,
        made_by integer references public.staff on update cascade on delete {made_by},
        given_to integer references public.staff on update cascade on delete {given_to}
    ) {partitioned};
    insert into public.staff values (1), (2), (3)
"""
DO = "do $$ begin {} end $$"


def chores(
    admin: psycopg.Connection,
    owner: Caller,
    supplier: UUID,
    made_by: str,
    given_to: str = "set null",
    partitioned: str = "",
) -> Listener:
    """Return a listener on chores 1, made by 2 and given to 1, and 2, the other way about."""
    statement = CREATE.format(made_by=made_by, given_to=given_to, partitioned=partitioned)
    admin.execute(statement.encode())
    if partitioned:
        admin.execute("create table public.chores_1 partition of public.chores default")
    add_channel(admin, "chores", "id")
    listener = listen_to(owner, "chores", supplier)
    admin.execute(
        "insert into public.chores (id, supplier_id, made_by, given_to)"
        " values (1, %s, 2, 1), (2, %s, 1, 2), (3, %s, 3, 3)",
        [supplier] * 3,
    )
    assert len(listener.events()) == 3
    return listener


def test_row_that_two_keys_update_is_told_from_its_first_version_to_its_last(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    listener = chores(admin, owner, supplier, "set null")
    admin.execute("delete from public.staff where id < 3")
    events = sorted(listener.events(), key=lambda event: event["new"]["id"])
    row = {"supplier_id": str(supplier), "note": None}
    assert [(e["eventType"], e["old"], e["new"], e["changed"]) for e in events] == [
        (
            "UPDATE", {"id": n, "made_by": 3 - n, "given_to": n, **row},
            {"id": n, "made_by": None, "given_to": None, **row}, ["given_to", "made_by"],
        )
        for n in (1, 2)
    ]  # fmt: skip
    admin.execute("update public.staff set id = 4")
    (event,) = listener.events()
    assert (event["new"]["made_by"], event["new"]["given_to"]) == (4, 4)


def test_row_that_two_keys_update_and_one_moves_is_told_once(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    """The version between the two has the key of the first, and is gone in the end."""
    admin.execute(
        "create table public.staff (id integer primary key);"
        "create table public.shifts ("
        "    id integer, supplier_id uuid,"
        "    given_to integer references public.staff on update cascade,"
        "    made_by integer references public.staff on update cascade,"
        "    primary key (made_by, id)"
        ");"
        "insert into public.staff values (1)"
    )
    add_channel(admin, "shifts", "made_by", "id")
    listener = listen_to(owner, "shifts", supplier)
    admin.execute("insert into public.shifts values (1, %s, 1, 1)", (supplier,))
    admin.execute("update public.staff set id = 2")
    assert told(listener, "given_to", "made_by") == [
        ("INSERT", 1, 1), ("DELETE", 1, 1), ("INSERT", 2, 2),
    ]  # fmt: skip


@pytest.mark.parametrize("partitioned", ["", "partition by list (id)"])
@pytest.mark.parametrize("actions", [("cascade", "set null"), ("set null", "cascade")])
def test_row_that_one_key_updates_and_another_deletes_is_told_as_gone_in_the_end(
    admin: psycopg.Connection,
    owner: Caller,
    supplier: UUID,
    actions: tuple[str, str],
    partitioned: str,
) -> None:
    listener = chores(admin, owner, supplier, *actions, partitioned)
    admin.execute("delete from public.staff where id < 3")
    assert admin.execute("select id from public.chores").fetchall() == [(3,)]
    last = {row: operation for operation, row in told(listener, "id")}
    assert last == {1: "DELETE", 2: "DELETE"}


def test_row_that_comes_back_in_a_transaction_is_told(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    listener = chores(admin, owner, supplier, "cascade")
    admin.execute(
        DO.format(
            "delete from public.staff where id < 3;"
            " update public.chores set note = 'kept';"
            f" insert into public.chores (id, supplier_id) values (1, '{supplier}');"
            " update public.chores set note = 'new' where id = 1;"
        ).encode()
    )
    assert told(listener, "id", "note")[-3:] == [
        ("UPDATE", 3, "kept"), ("INSERT", 1, None), ("UPDATE", 1, "new"),
    ]  # fmt: skip


def test_many_rows_are_updated_after_many_others_were_deleted(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    """What is gone is sought once: for each row anew it would take the square of their number."""
    listener = chores(admin, owner, supplier, "set null")
    admin.execute(
        "insert into public.chores (id, supplier_id) select n, %s from generate_series(10, 8009) n",
        (supplier,),
    )
    with admin.transaction():
        admin.execute("delete from public.chores where id between 10 and 4009")
        admin.execute("update public.chores set note = 'kept'")
        scans = admin.execute(
            "select sum(seq_scan + idx_scan) from pg_stat_xact_all_tables"
            " where schemaname = 'wedsync_realtime' and relname like 'events%'"
        ).fetchone()
    assert scans is not None
    assert scans[0] < 100
    assert [event["new"]["id"] for event in listener.events()[-4000:]] == list(range(4010, 8010))
