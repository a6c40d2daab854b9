"""Dispatch: columns of any kind, name and value."""

from typing import LiteralString
from uuid import UUID

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.tables import add_channel, listen_to, told

# Values whose text depends on settings of the session, and names that meet those of dispatch.
ODD = b"""
    create table public.odd (
        id integer primary key, supplier_id uuid, r integer, c text, i text, n jsonb, o text[],
        p numeric, content text, key text, old text, new text, operation text, changed text,
        tenant text, size integer, v_looks boolean, v_woken bigint, recorded text, "{id}" text,
        at timestamptz, lasts interval, weight float8, bytes bytea, made integer
            generated always as (r * 2) stored
    )
"""
SHOWN = ("timezone", "datestyle", "intervalstyle", "extra_float_digits", "bytea_output")


def test_columns_may_have_any_name_and_their_values_any_settings_of_the_writer(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    admin.execute(ODD)
    admin.execute("grant select on public.odd to authenticated")
    add_channel(admin, "odd", "id")
    listener = listen_to(owner, "odd", supplier)
    query: LiteralString = "select to_jsonb(t.*) as content from public.odd as t"
    with admin.transaction():
        settings: list[LiteralString] = [
            "set local timezone = 'Pacific/Auckland'",
            "set local datestyle = 'german'",
            "set local intervalstyle = 'sql_standard'",
            "set local extra_float_digits = -10",
            "set local bytea_output = 'escape'",
        ]
        for setting in settings:
            admin.execute(setting)
        admin.execute(
            "insert into public.odd (id, supplier_id, r, at, lasts, weight, bytes, p, o)"
            " values (1, %s, 7, '2027-06-05 12:00Z', '1 day 2 hours', 0.1::float8 + 0.2,"
            " '\\x00ff', 'NaN', '{a,null}')",
            (supplier,),
        )
        assert [admin.execute(f"show {name}".encode()).fetchone() for name in SHOWN] == [
            ("Pacific/Auckland",), ("German, DMY",), ("sql_standard",), ("-10",), ("escape",),
        ]  # fmt: skip
    (inserted,) = listener.events()
    assert [inserted["new"]] == [row["content"] for row in owner.query(query)]
    admin.execute("update public.odd set r = 8, old = 'x', tenant = 'y'")
    (updated,) = listener.events()
    assert [updated["new"]] == [row["content"] for row in owner.query(query)]
    assert updated["changed"] == ["made", "old", "r", "tenant"]
    assert updated["old"] == inserted["new"]
    admin.execute("delete from public.odd")
    assert [event["old"] for event in listener.events()] == [updated["new"]]


def test_table_with_full_identity_and_generated_columns_stays_writable(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    admin.execute(
        "create table public.sums (id integer primary key, supplier_id uuid,"
        " twice integer generated always as (id * 2) stored)"
    )
    admin.execute("alter table public.sums replica identity full")
    add_channel(admin, "sums", "id")
    listener = listen_to(owner, "sums", supplier)
    admin.execute("insert into public.sums values (1, %s)", (supplier,))
    admin.execute("update public.sums set id = 2")
    admin.execute("delete from public.sums")
    told_types = [event["eventType"] for event in listener.events()]
    assert told_types == ["INSERT", "DELETE", "INSERT", "DELETE"]


def test_more_columns_travel_than_a_function_takes_arguments(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    names = [f"c{number}" for number in range(120)]
    columns = ", ".join(f"{name} text default '{name}'" for name in [*names, "hidden"])
    admin.execute(
        f"create table public.wide (id int primary key, supplier_id uuid, {columns})".encode()
    )
    add_channel(admin, "wide", "id")
    admin.execute("update wedsync_realtime.channels set columns = %s where name = 'wide'", (names,))
    listener = listen_to(owner, "wide", supplier)
    admin.execute("insert into public.wide values (1, %s)", (supplier,))
    admin.execute("update public.wide set c7 = 'x', hidden = 'y'")
    inserted, updated = listener.events()
    assert inserted["new"] == {"id": 1, **{name: name for name in names}}
    assert updated["new"] == {**inserted["new"], "c7": "x"}


def test_tenant_of_another_type_is_nobodys_and_stops_no_writer(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    admin.execute("create table public.moved (id integer primary key, supplier_id uuid)")
    add_channel(admin, "moved", "id")
    listener = listen_to(owner, "moved", supplier)
    admin.execute("insert into public.moved values (1, %s)", (supplier,))
    admin.execute(
        "alter table public.moved alter supplier_id type text"
        " using 'sup_' || replace(supplier_id::text, '-', '')"
    )
    admin.execute("update public.moved set id = 2")
    admin.execute("insert into public.moved values (3, '')")
    admin.execute("delete from public.moved")
    assert told(listener, "id") == [("INSERT", 1)]
    query = "select value from wedsync_realtime.health() where name = 'channel_columns'"
    assert admin.execute(query).fetchone() == ("moved: no column supplier_id",)


def test_columns_that_the_index_of_a_key_includes_are_no_part_of_it(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    admin.execute(
        "create table public.notes"
        " (id integer, supplier_id uuid, note text, primary key (id) include (note))"
    )
    add_channel(admin, "notes", "id")
    listener = listen_to(owner, "notes", supplier)
    admin.execute("insert into public.notes values (1, %s, 'one')", (supplier,))
    admin.execute("update public.notes set note = 'two'")
    assert told(listener, "note") == [("INSERT", "one"), ("UPDATE", "two")]
    query = "select wedsync_realtime.key_columns('public.notes')"
    assert admin.execute(query).fetchone() == (["id"],)


def test_virtual_columns_do_not_travel(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    """Triggers are shown nothing but null of them."""
    if admin.info.server_version < 180000:
        pytest.skip("PostgreSQL has virtual columns from 18 on")
    admin.execute(
        "create table public.sums (id integer primary key, supplier_id uuid,"
        " twice integer generated always as (id * 2) virtual)"
    )
    add_channel(admin, "sums", "id")
    listener = listen_to(owner, "sums", supplier)
    admin.execute("insert into public.sums values (1, %s)", (supplier,))
    admin.execute("update public.sums set supplier_id = null")
    for event in listener.events():
        row = event["new"] or event["old"]
        assert row == {"id": 1, "supplier_id": str(supplier)}
    where = [{"column": "twice", "op": "eq", "value": 2}]
    answer = owner.rpc(
        "realtime_subscribe",
        channels=["sums"],
        filters={"supplier_id": str(supplier), "where": where},
    )
    assert answer["error"] == 'filters.where: column "twice" is not known for sums'
    admin.execute(
        "create table public.shared (id integer primary key, owner_id uuid,"
        " supplier_id uuid generated always as (owner_id) virtual)"
    )
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=r"supplier_id .* is virtual"):
        add_channel(admin, "shared", "id")
