"""Malformed calls: whatever the arguments, the answer is one that the contract names."""

import os
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.security.malformed import OPERATORS, VALUES, Argument, Source, calls
from tests.support.callers.people import People
from tests.support.callers.script import become, call

BATCHES, BATCH = (1000, 125) if os.environ.get("WEDSYNC_LONG") else (80, 126)

# Where a call raises, its casts are tried alone: what PostgreSQL refuses there never reached us.
TRY_CALLS = """
    create function tests.try_calls(functions text[], casts text[], arguments jsonb)
    returns table (n integer, outcome text, detail jsonb)
    language plpgsql as $$
    declare
        v_arguments text[];
        v_answer jsonb;
    begin
        for v_n in 1..cardinality(functions) loop
            n := v_n;
            v_arguments := array(select jsonb_array_elements_text(arguments -> (v_n - 1)));
            perform set_config('response.status', '', true);
            begin
                execute format('select public.%I(%s)', functions[v_n], casts[v_n])
                into v_answer using v_arguments;
                outcome := 'answered';
                detail := v_answer || jsonb_build_object(
                    'http', current_setting('response.status')
                );
            exception when others then
                outcome := 'raised';
                detail := jsonb_build_object('sqlstate', sqlstate, 'message', sqlerrm);
            end;
            if outcome = 'raised' then
                begin
                    execute 'select ' || casts[v_n] using v_arguments;
                exception when others then
                    outcome := 'cast';
                end;
            end if;
            return next;
        end loop;
    end $$;
    grant execute on function tests.try_calls to public;
"""
FILTERED = {
    "form-responses": ["status", "submitted_at", "id", "created_at"],
    "couple-profile": ["wedding_date", "wedding_date", "display_name"],
}
TYPES = {
    "realtime_subscribe": ["text[]", "jsonb", "uuid"],
    "realtime_poll": ["text", "text", "integer"],
    "realtime_ping": ["text", "uuid"],
    "realtime_unsubscribe": ["text"],
    "realtime_unsubscribe_all": ["uuid"],
    "realtime_status": [],
}

REFUSALS = {
    "unauthorized": (401, "Unauthorized"),
    "forbidden_channel": (403, "Unauthorized channel access"),
    "unknown_channel": (400, None),
    "filter_required": (400, None),
    "invalid_request": (400, None),
    "subscription_not_found": (404, "Subscription not found"),
    "subscription_expired": (410, "Subscription expired"),
    "rate_limited": (429, "Rate limit exceeded"),
    "connection_limit": (429, "Connection limit reached"),
}
KEYS = {"success", "error", "code", "status", "details", "hint", "retryAfter", "http"}
# Text that is no value, a number out of range, a \\u0000, and JSON nested too deep.
CAST_ERRORS = {"22P02", "22003", "22P05", "54001"}


def problem(outcome: str, detail: dict[str, object]) -> str | None:
    """Return what is wrong with the outcome of a call, None when nothing is."""
    if outcome == "cast":
        return None if detail["sqlstate"] in CAST_ERRORS else "undocumented cast error"
    if outcome != "answered":
        return "unhandled error"
    if detail.get("success") is True:
        return None if detail["http"] == "" else "success with a status"
    status, text = REFUSALS.get(str(detail.get("code")), (None, None))
    if status is None or detail["status"] != status or detail["http"] != str(status):
        return "undocumented code or status"
    if set(detail) != KEYS or not detail["error"] or (text and detail["error"] != text):
        return "undocumented shape or text"
    return None if (status == 429) == (detail["retryAfter"] is not None) else "retryAfter"


@pytest.mark.timeout(900)
def test_every_malformed_call_gets_a_documented_answer(people: People) -> None:
    chance = Random(3)
    wrong, answered = [], set[str]()
    supplier, couple = people.supplier(), people.couple()
    people.link(supplier, couple)
    with psycopg.connect(people.url, autocommit=True) as connection:
        connection.execute(TRY_CALLS.encode())
        connection.execute(
            "update wedsync_realtime.settings set subscribe_burst = 9, subscribe_per_minute = 1,"
            " subscriptions_per_user = 5"
        )
        for batch in range(BATCHES):
            user = people.supplier_user(supplier, f"user {batch}")
            made = calls(_source(connection, [user, supplier, couple], chance), BATCH)
            _write_odd_rows(connection, supplier, couple, chance)
            with connection.transaction():
                become(connection, user)
                outcomes = connection.execute(
                    "select n, outcome, detail from tests.try_calls(%s, %s, %s)",
                    (
                        [function for function, _ in made],
                        [_casts(*each) for each in made],
                        Jsonb([arguments for _, arguments in made]),
                    ),
                ).fetchall()
            for n, outcome, detail in outcomes:
                answered.add(f"{made[n - 1][0]} {detail.get('code', outcome)}")
                if found := problem(outcome, detail):
                    wrong.append((found, made[n - 1], str(detail)[:300]))
    assert BATCHES * BATCH >= 10_000
    assert not wrong, f"{len(wrong)} of {BATCHES * BATCH}, among them {wrong[:5]}"
    # The calls reached every check, or this test shows little.
    assert {answer.split()[1] for answer in answered} >= {*REFUSALS} - {"unauthorized"} | {"cast"}


def _casts(function: str, arguments: list[Argument]) -> str:
    types = enumerate(TYPES[function][: len(arguments)], 1)
    return ", ".join(f"($1)[{place}]::{name}" for place, name in types)


def _source(connection: psycopg.Connection, ids: list[UUID], chance: Random) -> Source:
    user, supplier, couple = ids
    leases, cursors = ["x"], ["x"]
    with connection.transaction():
        become(connection, user)
        for place in range(6):
            name, columns = chance.choice(list(FILTERED.items()))
            filters: dict[str, Any] = {"supplier_id": str(supplier), "couple_id": str(couple)}
            if place:
                operator = chance.choice(OPERATORS[:6])
                condition = {"op": operator, "column": chance.choice(columns)}
                filters["where"] = [condition | {"value": chance.choice(VALUES)}]
            connection_id = UUID(int=place)
            answer = call(connection, "realtime_subscribe", [name], filters, connection_id)
            for lease in answer.get("subscriptions", []):
                leases.append(lease["channel"])
                cursors.append(lease["cursor"])
    return Source(chance, ids, leases, cursors)


def _write_odd_rows(
    connection: psycopg.Connection, supplier: UUID, couple: UUID, chance: Random
) -> None:
    for _ in range(6):
        connection.execute(
            "insert into public.form_responses (supplier_id, status, submitted_at, responses)"
            " values (%s, %s, %s, %s)",
            (supplier, chance.choice(VALUES), chance.choice([*VALUES[:3], None]),
             Jsonb(chance.choice(VALUES[10:]))),
        )  # fmt: skip
        connection.execute(
            "update public.couples set wedding_date = %s, display_name = %s where id = %s",
            (chance.choice([*VALUES[:6], None]), chance.choice(VALUES), couple),
        )
