"""What goes over the wire: status, headers and bodies, as PostgREST makes them of our answers."""

import json
from typing import Any
from uuid import UUID

import httpx
import jwt
import psycopg
import pytest

from tests.supabase.rest import PREFIX
from tests.supabase.tokens import ALGORITHM, SECRET, token
from tests.support.callers.people import People

SPY = """
    create function public.spy() returns jsonb language sql {} as $$
        select jsonb_build_object(
            'user', current_user, 'claims', current_setting('request.jwt.claims')::jsonb,
            'method', current_setting('request.method'), 'path', current_setting('request.path'),
            'agent', current_setting('request.headers')::jsonb ->> 'user-agent',
            'read_only', current_setting('transaction_read_only')
        ) $$;
    grant execute on function public.spy() to anon, authenticated;
"""
ASKED = {"channels": ["form-responses"]}


@pytest.fixture
def supplier(people: People) -> UUID:
    return people.supplier()


@pytest.fixture
def bearer(people: People, supplier: UUID) -> str:
    return token("authenticated", people.supplier_user(supplier))


def send(
    rest: str, method: str, path: str, bearer: str | None = None, **options: Any
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    with httpx.Client(base_url=rest + PREFIX, headers=headers) as client:
        return client.request(method, path, **options)


@pytest.mark.parametrize(
    ("volatility", "method", "read_only"),
    [
        ("volatile", "POST", "off"),
        ("volatile", "GET", "on"),
        ("stable", "POST", "on"),
        ("stable", "GET", "on"),
    ],
)
def test_request_is_what_the_database_sees(
    database: str, rest: str, volatility: str, method: str, read_only: str
) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(SPY.format(volatility).encode())
    user = "11111111-1111-4111-8111-111111111111"
    for bearer, role in ((None, "anon"), (token("authenticated", user), "authenticated")):
        seen = send(rest, method, "/rpc/spy", bearer).json()
        assert seen["user"] == seen["claims"]["role"] == role
        assert seen["claims"].get("sub") == (user if bearer else None)
        assert (seen["method"], seen["path"]) == (method, "/rpc/spy")
        assert seen["agent"].startswith("python-httpx")
        assert seen["read_only"] == read_only


def test_statuses_are_those_of_the_refusals(
    rest: str, people: People, supplier: UUID, bearer: str
) -> None:
    def subscribe(filters: Any, bearer: str | None = bearer, **more: Any) -> httpx.Response:
        sent = ASKED | {"filters": filters} | more
        return send(rest, "POST", "/rpc/realtime_subscribe", bearer, json=sent)

    own = {"supplier_id": str(supplier)}
    answers = {
        401: subscribe(own, None),
        403: subscribe({"supplier_id": str(people.supplier("Foreign"))}),
        400: subscribe({}),
        404: send(rest, "POST", "/rpc/realtime_unsubscribe", bearer, json={"channel": "x"}),
        410: send(rest, "POST", "/rpc/realtime_ping", bearer, json={}),
    }
    for status, answer in answers.items():
        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert answer.json()["success"] is False
    assert subscribe(own).status_code == 200


def test_rate_limit_says_when_to_come_back(rest: str, supplier: UUID, bearer: str) -> None:
    sent = ASKED | {"filters": {"supplier_id": str(supplier)}}
    while (
        answer := send(rest, "POST", "/rpc/realtime_subscribe", bearer, json=sent)
    ).status_code == 200:
        assert "Retry-After" not in answer.headers
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == answer.json()["retryAfter"] > 0


@pytest.mark.parametrize(
    ("bearer", "code"),
    [
        (token("authenticated", "x", expires_in=-60), "PGRST303"),
        (token("service_role", secret="of somebody else, and just as long as it"), "PGRST301"),
        (jwt.encode({"role": "service_role"}, "", "none"), "PGRST301"),
        (jwt.encode({"role": "service_role"}, SECRET, "HS384"), "PGRST301"),
        ("nonsense", "PGRST301"),
    ],
)
def test_bad_token_does_not_reach_the_database(rest: str, bearer: str, code: str) -> None:
    answer = send(rest, "POST", "/rpc/realtime_connection_stats", bearer, json={})
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer error=")


@pytest.mark.parametrize("sub", ["", "not a uuid", "00000000-0000-4000-8000-000000000000", 42])
def test_token_of_nobody_we_know_is_unauthorized(rest: str, supplier: UUID, sub: Any) -> None:
    bearer = jwt.encode({"role": "authenticated", "sub": sub}, SECRET, ALGORITHM)
    sent = ASKED | {"filters": {"supplier_id": str(supplier)}}
    answer = send(rest, "POST", "/rpc/realtime_subscribe", bearer, json=sent)
    assert answer.status_code in (401, 403)


def test_writing_functions_refuse_get(rest: str, supplier: UUID, bearer: str) -> None:
    filters = {"supplier_id": str(supplier)}
    sent = ASKED | {"filters": filters}
    answer = send(rest, "POST", "/rpc/realtime_subscribe", bearer, json=sent)
    lease = answer.json()["subscriptions"][0]
    for function, parameters in (
        ("realtime_subscribe", {"channels": "{form-responses}", "filters": json.dumps(filters)}),
        ("realtime_ping", {}),
        ("realtime_unsubscribe", {"channel": lease["channel"]}),
    ):
        answer = send(rest, "GET", f"/rpc/{function}", bearer, params=parameters)
        assert (answer.status_code, answer.json()["code"]) == (405, "25006"), answer.text


def test_poll_by_get_reads_without_renewing(
    database: str, rest: str, supplier: UUID, bearer: str
) -> None:
    sent = ASKED | {"filters": {"supplier_id": str(supplier)}}
    answer = send(rest, "POST", "/rpc/realtime_subscribe", bearer, json=sent)
    lease = answer.json()["subscriptions"][0]
    parameters = {"channel": lease["channel"], "cursor": lease["cursor"], "max_events": 5}
    page = send(rest, "GET", "/rpc/realtime_poll", bearer, params=parameters)
    assert (page.status_code, page.json()["success"]) == (200, True)


def test_writes_over_http_are_told(rest: str, supplier: UUID, bearer: str) -> None:
    sent = ASKED | {"filters": {"supplier_id": str(supplier)}}
    answer = send(rest, "POST", "/rpc/realtime_subscribe", bearer, json=sent)
    lease = answer.json()["subscriptions"][0]
    row = {"supplier_id": str(supplier), "form_name": "Menu", "responses": {"soup": True}}
    mine = {"supplier_id": f"eq.{supplier}"}
    table = "/form_responses"
    assert send(rest, "POST", table, bearer, json=row).status_code == 201
    change = send(rest, "PATCH", table, bearer, params=mine, json={"status": "submitted"})
    assert change.status_code == 204
    assert send(rest, "DELETE", table, bearer, params=mine).status_code == 204
    sent = {"channel": lease["channel"], "cursor": lease["cursor"]}
    page = send(rest, "POST", "/rpc/realtime_poll", bearer, json=sent).json()
    types = [event["eventType"] for event in page["events"]]
    assert types == ["INSERT", "UPDATE", "DELETE"]
    assert page["events"][1]["changed"] == ["status"]


def test_what_is_not_there_is_404_and_what_is_closed_is_403(rest: str, bearer: str) -> None:
    answers = {
        "PGRST202": send(rest, "POST", "/rpc/subscribe", bearer, json={}),
        "PGRST205": send(rest, "GET", "/settings", bearer),
    }
    for code, answer in answers.items():
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    closed = send(rest, "POST", "/rpc/realtime_connection_stats", bearer, json={})
    assert (closed.status_code, closed.json()["code"]) == (403, "42501")
    anonymous = send(rest, "GET", "/realtime_subscriptions")
    assert (anonymous.status_code, anonymous.json()["code"]) == (401, "42501")


def test_every_rpc_is_found_by_the_names_of_its_arguments(database: str, rest: str) -> None:
    with psycopg.connect(database) as connection:
        functions = connection.execute(
            "select p.proname, coalesce(p.proargnames, '{}') from pg_proc as p"
            " where p.pronamespace = 'public'::regnamespace"
        ).fetchall()
    assert len(functions) == 8
    for name, arguments in functions:
        sent = dict.fromkeys(arguments)
        answer = send(rest, "POST", f"/rpc/{name}", token("service_role"), json=sent)
        code = answer.json()["code"] if answer.is_error else ""
        assert not code.startswith("PGRST"), answer.text
