"""The caller: requests look to the database as they do behind PostgREST."""

from collections.abc import Callable

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.people import People

FUNCTIONS = b"""
    create function public.who(a jsonb, b text[] default null) returns jsonb language plpgsql as $$
    begin
        perform set_config('response.status', '429', true);
        perform set_config('response.headers', '[{"Retry-After": "6"}]', true);
        return jsonb_build_object('role', current_user, 'uid', auth.uid(), 'a', a, 'b', b);
    end $$;
    create function public.writes() returns jsonb language plpgsql stable as $$
    begin
        return to_jsonb(nextval('public.numbers'));
    end $$;
    create sequence public.numbers;
    grant usage on sequence public.numbers to authenticated;
    grant execute on function public.who, public.writes to anon, authenticated;
"""


@pytest.fixture(autouse=True)
def functions(database: str) -> None:
    """Create functions to call."""
    with psycopg.connect(database) as connection:
        connection.execute(FUNCTIONS)


def test_call_carries_identity_and_returns_status_and_headers(
    people: People, act_as: Callable[..., Caller]
) -> None:
    user = people.supplier_user(people.supplier())
    answer = act_as(user).rpc("who", a={"x": 1}, b=["y", "z"])
    assert answer.body == {
        "role": "authenticated", "uid": str(user), "a": {"x": 1}, "b": ["y", "z"],
    }  # fmt: skip
    assert (answer.status, answer.headers) == (429, [{"Retry-After": "6"}])


def test_without_a_user_it_is_anon(act_as: Callable[..., Caller]) -> None:
    answer = act_as().rpc("who", a={})
    assert (answer["role"], answer["uid"]) == ("anon", None)


def test_stable_function_is_called_read_only(people: People, act_as: Callable[..., Caller]) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        act_as(people.stranger()).rpc("writes")


def test_query_sees_what_row_level_security_shows(
    people: People, act_as: Callable[..., Caller]
) -> None:
    supplier = people.supplier()
    people.link(supplier, people.couple())
    owner, stranger = act_as(people.supplier_user(supplier)), act_as(people.stranger())
    rows = owner.query("select supplier_id from public.clients where supplier_id = %s", supplier)
    assert rows == [{"supplier_id": supplier}]
    assert stranger.query("select supplier_id from public.clients") == []
