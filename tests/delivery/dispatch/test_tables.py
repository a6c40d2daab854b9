"""Dispatch: tables of every make, whose keys are of any kind."""

from uuid import UUID

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT, ActAs
from tests.support.callers.people import People
from tests.support.callers.tables import add_channel, attach, listen_to, told

PARTITIONED = b"""
    create table public.visits (
        id integer, supplier_id uuid, day integer, primary key (id, day)
    ) partition by range (day);
    create table public.visits_1 partition of public.visits for values from (0) to (10);
    create table public.visits_2 partition of public.visits for values from (10) to (20)
        partition by range (day);
    create table public.visits_2_1 partition of public.visits_2 for values from (10) to (20);
"""


def test_partitioned_table_tells_each_change_once(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    admin.execute(PARTITIONED)
    add_channel(admin, "visits", "id")
    listener = listen_to(owner, "visits", supplier)
    admin.execute("insert into public.visits values (1, %s, 1), (2, %s, 11)", [supplier] * 2)
    assert told(listener, "id", "day") == [("INSERT", 1, 1), ("INSERT", 2, 11)]
    admin.execute("update public.visits set day = day + 1")
    assert sorted(told(listener, "id", "day")) == [("UPDATE", 1, 2), ("UPDATE", 2, 12)]
    admin.execute("update public.visits set day = day + 10 where id = 1")
    assert told(listener, "id", "day") == [("UPDATE", 1, 12)]
    admin.execute("delete from public.visits")
    assert sorted(told(listener, "id")) == [("DELETE", 1), ("DELETE", 2)]
    admin.execute("truncate public.visits")
    assert listener.poll()["reason"] == "truncated"


def test_writes_to_a_partition_are_told(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    admin.execute(PARTITIONED)
    add_channel(admin, "visits", "id")
    listener = listen_to(owner, "visits", supplier)
    admin.execute("insert into public.visits_1 values (1, %s, 1)", (supplier,))
    admin.execute("insert into public.visits_2 values (2, %s, 11)", (supplier,))
    admin.execute("insert into public.visits_2_1 values (3, %s, 11)", (supplier,))
    admin.execute("update public.visits_2_1 set day = 12 where id = 3")
    admin.execute("delete from public.visits_1")
    assert told(listener, "id") == [
        ("INSERT", 1), ("INSERT", 2), ("INSERT", 3), ("UPDATE", 3), ("DELETE", 1),
    ]  # fmt: skip
    admin.execute("truncate public.visits_2_1")
    assert listener.poll()["reason"] == "truncated"


def test_partitioned_table_can_be_attached_again_and_written(
    admin: psycopg.Connection, supplier: UUID
) -> None:
    """Published changes of a partition need its own replica identity."""
    admin.execute(PARTITIONED)
    channel = add_channel(admin, "visits", "id")
    attach(admin, channel)
    admin.execute("insert into public.visits values (1, %s, 1)", (supplier,))
    admin.execute("update public.visits set day = 2")
    admin.execute("delete from public.visits")


def test_key_of_several_columns_pairs_old_and_new(
    admin: psycopg.Connection, people: People, act_as: ActAs, owner: Caller, supplier: UUID
) -> None:
    petal = people.supplier("Petal")
    admin.execute(
        "create table public.seats"
        " (hall text, seat integer, supplier_id uuid, guest text, primary key (hall, seat))"
    )
    add_channel(admin, "seats", "hall", "seat")
    listener = listen_to(owner, "seats", supplier)
    other = listen_to(act_as(people.supplier_user(petal)), "seats", petal)
    admin.execute("insert into public.seats values ('a', 1, %s), ('b', 1, %s)", [supplier] * 2)
    admin.execute("update public.seats set guest = 'Ann' where hall = 'a'")
    admin.execute("update public.seats set seat = 2 where hall = 'a'")
    admin.execute("update public.seats set supplier_id = %s where hall = 'a'", (petal,))
    assert told(listener, "hall", "seat") == [
        ("INSERT", "a", 1), ("INSERT", "b", 1), ("UPDATE", "a", 1),
        ("DELETE", "a", 1), ("INSERT", "a", 2), ("DELETE", "a", 2),
    ]  # fmt: skip
    assert told(other, "hall", "seat") == [("INSERT", "a", 2)]
    admin.execute("update wedsync_realtime.settings set event_bytes = 1024")
    admin.execute("update public.seats set guest = repeat('x', 2000) where hall = 'b'")
    (event,) = listener.events()
    assert event["new"] == event["old"] == {"hall": "b", "seat": 1}


def test_key_that_is_written_otherwise_is_the_same(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    admin.execute(
        "create table public.prices"
        " (id numeric primary key, supplier_id uuid, note text, hidden text)"
    )
    add_channel(admin, "prices", "id")
    admin.execute("update wedsync_realtime.channels set columns = '{note}' where name = 'prices'")
    listener = listen_to(owner, "prices", supplier)
    admin.execute("insert into public.prices values (1.0, %s), (2.0, %s)", [supplier] * 2)
    admin.execute("update public.prices set id = id * 1.00, note = 'both'")
    admin.execute("update public.prices set id = id * 1.00, note = 'one' where id = 1")
    admin.execute("update public.prices set hidden = 'x' where id = 1")
    admin.execute("update public.prices set hidden = 'y'")
    admin.execute("update public.prices set id = 3 where id = 1")
    events = [(event, float(row), note) for event, row, note in told(listener, "id", "note")]
    assert events[:2] == [("INSERT", 1, None), ("INSERT", 2, None)]
    assert sorted(events[2:4]) == [("UPDATE", 1, "both"), ("UPDATE", 2, "both")]
    assert events[4:] == [("UPDATE", 1, "one"), ("DELETE", 1, "one"), ("INSERT", 3, "one")]


def test_keys_that_one_statement_exchanges(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    admin.execute(
        "create table public.places"
        " (id integer, supplier_id uuid, guest text, primary key (id) deferrable)"
    )
    add_channel(admin, "places", "id")
    listener = listen_to(owner, "places", supplier)
    admin.execute(
        "insert into public.places select n, %s, 'guest ' || n from generate_series(1, 3) as n",
        (supplier,),
    )
    copy = {event["new"]["id"]: event["new"]["guest"] for event in listener.events()}
    for change in ("3 - id where id < 3", "id + 1"):
        admin.execute(f"update public.places set id = {change}".encode())
        for event in listener.events():
            if event["eventType"] == "DELETE":
                del copy[event["old"]["id"]]
            else:
                copy[event["new"]["id"]] = event["new"]["guest"]
        assert copy == dict(admin.execute("select id, guest from public.places").fetchall())


@pytest.mark.parametrize("level", ["read committed", "repeatable read"])
def test_row_without_a_tenant_is_nobodys(
    admin: psycopg.Connection, owner: Caller, supplier: UUID, level: str
) -> None:
    admin.execute("create table public.drafts (id integer primary key, supplier_id uuid, a text)")
    add_channel(admin, "drafts", "id")
    listener = listen_to(owner, "drafts", supplier)
    admin.execute(f"begin isolation level {level}".encode())
    admin.execute("insert into public.drafts values (1), (2)")
    admin.execute("update public.drafts set a = 'secret'")
    admin.execute("update public.drafts set supplier_id = %s where id = 1", (supplier,))
    admin.execute("update public.drafts set supplier_id = null, a = 'new'")
    admin.execute("delete from public.drafts")
    admin.execute("commit")
    come, gone = listener.events()
    assert (come["eventType"], come["old"]) == ("INSERT", {})
    assert (gone["eventType"], gone["old"]["a"], gone["new"]) == ("DELETE", "secret", {})
    query = "select count(*) from wedsync_realtime.events"
    assert admin.execute(query).fetchone() == (2,)


def test_two_channels_on_one_table_tell_it_each(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    add_channel(admin, "form_responses", "id", name="forms-again")
    listeners = [listen_to(owner, name, supplier) for name in ("form-responses", "forms-again")]
    admin.execute(INSERT, (supplier, "one"))
    for listener in listeners:
        assert told(listener, "form_name") == [("INSERT", "one")]


def test_names_of_another_script_leave_room_for_the_rest_of_the_triggers(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    table = "задания_поставщика_на_свадьбу"
    admin.execute(
        f'create table public."{table}" (id integer primary key, supplier_id uuid)'.encode()
    )
    channel = add_channel(admin, table, "id", name="tasks")
    attach(admin, channel)
    listener = listen_to(owner, "tasks", supplier)
    admin.execute(f'insert into public."{table}" values (1, %s)'.encode(), (supplier,))
    assert told(listener, "id") == [("INSERT", 1)]
    query = "select triggers from wedsync_realtime.attached_tables() where channel = 'tasks'"
    assert admin.execute(query).fetchone() == (4,)


def test_key_that_may_be_null_is_not_taken(admin: psycopg.Connection) -> None:
    admin.execute(
        "create table public.codes (id integer primary key, code text unique, supplier_id uuid)"
    )
    add_channel(admin, "codes", "code")
    query = "select key_columns from wedsync_realtime.channels where name = 'codes'"
    assert admin.execute(query).fetchone() == (["id"],)


def test_detached_partition_is_no_part_of_the_channel(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    admin.execute(PARTITIONED)
    add_channel(admin, "visits", "id")
    listener = listen_to(owner, "visits", supplier)
    admin.execute("alter table public.visits detach partition public.visits_1")
    assert admin.execute("select wedsync_realtime.follow_tables()").fetchone() == (None,)
    admin.execute("insert into public.visits_1 values (1, %s, 1)", (supplier,))
    admin.execute("insert into public.visits values (2, %s, 11)", (supplier,))
    assert told(listener, "id") == [("INSERT", 2)]
    admin.execute(
        "alter table public.visits attach partition public.visits_1 for values from (0) to (10)"
    )
    assert admin.execute("select wedsync_realtime.follow_tables()").fetchone() == (None,)
    admin.execute("insert into public.visits_1 values (3, %s, 1)", (supplier,))
    assert told(listener, "id") == [("INSERT", 3)]
