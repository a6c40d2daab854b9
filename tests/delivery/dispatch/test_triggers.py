"""Dispatch: changes that other triggers make, nested in the statement that set them off."""

from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT
from tests.support.callers.people import People
from tests.support.callers.tables import listen_to, told

NESTED: dict[str, LiteralString] = {
    "row": """
        create trigger a after insert or update on public.form_responses
        for each row when (new.status is distinct from 'touched') execute function tests.touch()
    """,
    "statement": """
        create trigger a after insert or update of form_name on public.form_responses
        for each statement execute function tests.touch()
    """,
    "deferred": """
        create constraint trigger a after insert or update on public.form_responses
        deferrable initially deferred
        for each row when (new.status is distinct from 'touched') execute function tests.touch()
    """,
}

LIMIT = pytest.mark.xfail(reason="docs/limits.md: told before its cause", strict=True)


@pytest.mark.parametrize(
    "kind",
    [pytest.param("row", marks=LIMIT), pytest.param("statement", marks=LIMIT), "deferred"],
)
@pytest.mark.parametrize(
    "touch",
    [
        "update public.form_responses set status = 'touched'",
        "delete from public.form_responses",
    ],
    ids=["updates", "deletes"],
)
def test_changes_made_by_triggers_of_the_table_come_after_their_cause(
    admin: psycopg.Connection, owner: Caller, supplier: UUID, kind: str, touch: str
) -> None:
    admin.execute(
        f"create function tests.touch() returns trigger language plpgsql as"
        f" $$ begin {touch}; return null; end $$".encode()
    )
    admin.execute(NESTED[kind])
    listener = listen_to(owner, "form-responses", supplier)
    rows: dict[str, Any] = {}
    for statement in ("insert", "update"):
        if statement == "insert":
            admin.execute(INSERT, (supplier, "first"))
        else:
            admin.execute("update public.form_responses set form_name = 'second', status = null")
        for event in listener.events():
            if event["eventType"] == "DELETE":
                rows.pop(event["old"]["id"], None)
            else:
                rows[event["new"]["id"]] = (event["new"]["form_name"], event["new"]["status"])
        query = "select id::text, form_name, status from public.form_responses"
        assert rows == {row[0]: row[1:] for row in admin.execute(query)}


def test_cascades_are_told(
    admin: psycopg.Connection, people: People, owner: Caller, supplier: UUID
) -> None:
    admin.execute(
        "alter table public.form_responses add foreign key (couple_id)"
        " references public.couples on delete cascade"
    )
    couples = [people.couple(name) for name in ("Ann and Bob", "Cem and Dee")]
    listener = listen_to(owner, "form-responses", supplier)
    for couple in couples:
        admin.execute(
            "insert into public.form_responses (supplier_id, couple_id) values (%s, %s)",
            (supplier, couple),
        )
    assert len(told(listener)) == 2
    admin.execute("delete from public.couples")
    assert sorted(told(listener, "couple_id")) == sorted(("DELETE", str(c)) for c in couples)
