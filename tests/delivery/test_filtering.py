"""Filters: a poll answers those changes that the subscription asked for, and no others."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT, Connect, names, subscribed
from tests.support.callers.people import People

COLUMNS = """
    create type public.stage as enum ('asked', 'answered');
    alter table public.form_responses
    add column guests integer, add column price numeric, add column is_final boolean,
    add column stage public.stage, add column due date;
"""
# Each change is known by the form it concerns: what happened to "b" are the events b+ b~ b-.
CHANGES = """
    insert into public.form_responses
        (supplier_id, form_name, status, guests, price, is_final, stage, due, submitted_at,
         couple_id)
    values
        ({0}, 'a', 'draft', 9, 10.50, true, 'asked', '2027-01-09', '2027-01-09 23:30:00-05',
         'aaaaaaaa-0000-0000-0000-000000000001'),
        ({0}, 'b', 'submitted', 80, 9, false, 'answered', '2027-10-01', '2027-10-01 12:00:00+02',
         'bbbbbbbb-0000-0000-0000-000000000002'),
        ({0}, 'c', null, null, null, null, null, null, null, null);
    update public.form_responses set status = 'submitted' where form_name = 'a';
    update public.form_responses set guests = 120 where form_name = 'b';
    delete from public.form_responses where form_name = 'b';
"""
SIGNS = {"INSERT": "+", "UPDATE": "~", "DELETE": "-"}


def where(*conditions: tuple[str, str, Any]) -> dict[str, Any]:
    """Return filters with these conditions of column, op and value."""
    return {"where": [{"column": c, "op": op, "value": v} for c, op, v in conditions]}


CASES: list[tuple[dict[str, Any], str]] = [
    ({}, "a+ b+ c+ a~ b~ b-"),
    ({"operations": ["INSERT"]}, "a+ b+ c+"),
    ({"operations": ["UPDATE", "DELETE"]}, "a~ b~ b-"),
    ({"events": ["form_response.submitted"]}, "b+ c+ a~"),
    ({"events": ["form_response.deleted", "form_response.updated"]}, "a+ b~ b-"),
    ({"changed": ["status"]}, "a+ b+ c+ a~ b-"),
    ({"changed": ["status", "guests"], "operations": ["UPDATE"]}, "a~ b~"),
    ({"changed": ["form_name"], "operations": ["UPDATE"]}, ""),
    (where(("status", "eq", "submitted")), "b+ a~ b~ b-"),
    (where(("status", "eq", "draft")), "a+ a~"),  # the row that leaves the filter is seen leaving
    (where(("status", "neq", "draft")), "b+ a~ b~ b-"),
    (where(("status", "in", ["draft", "other"])), "a+ a~"),
    (where(("status", "is", None)), "c+"),
    (where(("guests", "lt", 80)), "a+ a~"),
    (where(("guests", "lte", 80)), "a+ b+ a~ b~"),
    (where(("guests", "gt", 80)), "b~ b-"),
    (where(("guests", "gte", "80")), "b+ b~ b-"),
    (where(("guests", "in", [9, 120])), "a+ a~ b~ b-"),
    (where(("price", "eq", 10.5)), "a+ a~"),
    (where(("price", "gt", 9.5)), "a+ a~"),
    (where(("is_final", "is", True)), "a+ a~"),
    (where(("is_final", "is", False)), "b+ b~ b-"),
    (where(("is_final", "eq", True)), "a+ a~"),
    (where(("is_final", "eq", "yes")), "a+ a~"),
    (where(("is_final", "in", ["f"])), "b+ b~ b-"),
    (where(("stage", "eq", "answered")), "b+ b~ b-"),
    (where(("due", "lt", "2027-02-01")), "a+ a~"),
    (where(("due", "eq", "20270109")), "a+ a~"),
    (where(("submitted_at", "gte", "2027-01-10T04:30:00Z")), "a+ b+ a~ b~ b-"),
    (where(("submitted_at", "gt", "2027-01-10T04:30:00Z")), "b+ b~ b-"),
    (where(("couple_id", "eq", "aaaaaaaa-0000-0000-0000-000000000001")), "a+ a~"),
    (where(("couple_id", "eq", "AAAAAAAA-0000-0000-0000-000000000001")), "a+ a~"),
    (where(("couple_id", "in", ["BBBBBBBB-0000-0000-0000-000000000002"])), "b+ b~ b-"),
    (where(("status", "eq", "submitted"), ("guests", "gt", 80)), "b~ b-"),
    (where(("status", "eq", "submitted"), ("guests", "is", None)), ""),
    ({"operations": ["UPDATE"]} | where(("status", "eq", "draft")), "a~"),
]


@pytest.fixture
def tracked(admin: psycopg.Connection) -> psycopg.Connection:
    """Return the administrator, the table having columns of many types."""
    admin.execute(COLUMNS.encode())
    admin.execute(
        "update wedsync_realtime.settings set subscribe_burst = 6000, subscriptions_per_user = 100"
    )
    return admin


def test_filters_deliver_what_they_say(
    tracked: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    listeners = [
        subscribed(
            owner,
            "form-responses",
            {"supplier_id": str(supplier)} | filters,
            connection_id=UUID(int=number + 1),
        )
        for number, (filters, _) in enumerate(CASES)
    ]
    tracked.execute(CHANGES.replace("{0}", f"'{supplier}'").encode())
    wrong = []
    for listener, (filters, expected) in zip(listeners, CASES, strict=True):
        told = " ".join(
            (event["new"] or event["old"])["form_name"] + SIGNS[event["eventType"]]
            for event in listener.events(max_events=2)
        )
        if told != expected:
            wrong.append(f"{filters}: {told or 'nothing'}, not {expected or 'nothing'}")
    assert not wrong, "\n".join(wrong)


def test_renewal_with_other_filters_holds_from_then_on(
    tracked: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    every = {"supplier_id": str(supplier)}
    listener = subscribed(owner, "form-responses", every)
    again = subscribed(owner, "form-responses", every | {"operations": ["DELETE"]})
    assert again.channel == listener.channel
    tracked.execute(CHANGES.replace("{0}", f"'{supplier}'").encode())
    assert [event["eventType"] for event in listener.events()] == ["DELETE"]


def test_renewal_is_not_told_what_the_filter_before_kept_back(
    connect: Connect, admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    """An older transaction changed the row after that, and this has been told."""
    every = {"supplier_id": str(supplier)}
    listener = subscribed(owner, "form-responses", every | {"operations": ["UPDATE"]})
    old = connect()
    old.execute("select pg_current_xact_id()")
    admin.execute(INSERT, (supplier, "before"))
    old.execute("update public.form_responses set form_name = 'after'")
    old.commit()
    assert names(listener) == ["after"]
    subscribed(owner, "form-responses", every)
    assert names(listener) == []


def test_update_that_was_erased_passes_a_filter_by_changed_columns(
    people: People, admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    couple = people.couple()
    admin.execute(
        "insert into public.form_responses (supplier_id, couple_id) values (%s, %s)",
        (supplier, couple),
    )
    listener = subscribed(
        owner, "form-responses", {"supplier_id": str(supplier), "changed": ["status"]}
    )
    admin.execute("update public.form_responses set status = 'submitted'")
    admin.execute("select wedsync_realtime.erase_couple(%s, false)", (couple,))
    (event,) = listener.events()
    assert (event["eventType"], event["errors"]) == ("UPDATE", ["payload_too_large"])


def test_changed_type_of_a_column_does_not_break_polls(
    tracked: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    listener = subscribed(
        owner, "form-responses", {"supplier_id": str(supplier)} | where(("guests", "gt", 80))
    )
    tracked.execute("alter table public.form_responses alter column guests type text")
    tracked.execute(
        "insert into public.form_responses (supplier_id, guests) values (%s, 'many')", (supplier,)
    )
    assert listener.events() == []
