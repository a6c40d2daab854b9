"""All RPCs and both tables over HTTP, with the clients that applications use."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.supabase.clients import Client
from tests.supabase.tokens import token
from tests.support.callers.people import People

ClientOf = Callable[[str | None], Client]


@pytest.fixture
def supplier(people: People) -> UUID:
    return people.supplier()


@pytest.fixture
def owner(people: People, supplier: UUID, client_of: ClientOf) -> Client:
    return client_of(token("authenticated", people.supplier_user(supplier)))


@pytest.fixture
def service(client_of: ClientOf) -> Client:
    return client_of(token("service_role"))


def subscribe(client: Client, supplier: UUID) -> Any:
    """Subscribe to form-responses and return the subscription."""
    reply = client.rpc(
        "realtime_subscribe",
        channels=["form-responses"],
        filters={"supplier_id": str(supplier), "operations": ["INSERT"]},
    )
    assert reply.error is None
    assert reply.data["success"] is True
    return reply.data["subscriptions"][0]


def test_a_lease_lives_over_http(
    database: str, people: People, supplier: UUID, owner: Client, service: Client
) -> None:
    lease = subscribe(owner, supplier)
    assert lease["postgresChanges"]["filter"] == f"supplier_id=eq.{supplier}"
    with psycopg.connect(database) as connection:
        connection.execute(
            "insert into public.form_responses (supplier_id, form_name) values (%s, 'Menu')",
            (supplier,),
        )
    page = owner.rpc("realtime_poll", channel=lease["channel"], cursor=lease["cursor"]).data
    assert [event["new"]["form_name"] for event in page["events"]] == ["Menu"]
    assert page["ready"] is True
    again = owner.rpc(
        "realtime_poll", channel=lease["channel"], cursor=page["cursor"], max_events=1
    )
    assert again.data["events"] == []
    assert owner.rpc("realtime_ping").data["pinged"] == 1
    assert owner.rpc("realtime_ping", channel_name="form-responses").data["pinged"] == 1
    for get in (False, True):
        assert owner.rpc("realtime_status", get=get).data["connected"] is True
        stats = service.rpc("realtime_connection_stats", get=get)
        assert stats.data["activeConnections"] == 1
    assert service.rpc("cleanup_inactive_subscriptions").data == 0
    closed = owner.rpc("realtime_unsubscribe", channel=lease["channel"]).data
    assert closed == {"success": True, "channel": lease["channel"], "status": "closed"}
    assert owner.rpc("realtime_unsubscribe_all").data == {"success": True, "closed": 0}


def test_tables_show_what_is_ones_own(
    people: People, supplier: UUID, owner: Client, service: Client, client_of: ClientOf
) -> None:
    other = people.supplier("Other")
    stranger = client_of(token("authenticated", people.supplier_user(other, "someone")))
    mine, theirs = subscribe(owner, supplier), subscribe(stranger, other)
    for table in ("realtime_subscriptions", "realtime_activity_logs"):
        seen = [owner.select(table), stranger.select(table)]
        assert [reply.count for reply in seen] == [1, 1]
        users = [reply.data[0]["user_id"] for reply in seen]
        assert users[0] != users[1]
        assert {row["user_id"] for row in service.select(table).data} == set(users)
    assert mine["topic"] != theirs["topic"]


@pytest.mark.parametrize("who", ["anon", "user", "service"])
def test_tables_are_not_written_over_http(
    people: People, supplier: UUID, owner: Client, service: Client, client_of: ClientOf, who: str
) -> None:
    subscribe(owner, supplier)
    client = {"anon": client_of(None), "user": owner, "service": service}[who]
    row = {
        "user_id": str(people.stranger()), "channel_name": "x", "table_name": "form_responses",
    }  # fmt: skip
    for refused in (
        client.insert("realtime_subscriptions", row),
        client.remove("realtime_subscriptions"),
    ):
        assert refused.error
        assert refused.error["code"] == "42501"
    assert service.select("realtime_subscriptions").count == 1


def test_refusals_reach_the_caller_as_errors(
    people: People, supplier: UUID, owner: Client, client_of: ClientOf
) -> None:
    def code(client: Client, name: str, **arguments: Any) -> str:
        reply = client.rpc(name, **arguments)
        assert reply.data is None
        assert reply.error
        return str(reply.error["code"])

    foreign = {"supplier_id": str(people.supplier("Foreign"))}
    own = {"supplier_id": str(supplier)}
    asked = "realtime_subscribe"
    assert code(client_of(None), asked, channels=["form-responses"]) == "unauthorized"
    assert code(owner, asked, channels=["form-responses"], filters=foreign) == "forbidden_channel"
    assert code(owner, asked, channels=["nonsense"], filters=own) == "unknown_channel"
    assert code(owner, asked, channels=["form-responses"]) == "filter_required"
    assert code(owner, asked, channels=[]) == "invalid_request"
    assert code(owner, "realtime_poll", channel="x") == "subscription_not_found"
    assert code(owner, "realtime_ping") == "subscription_expired"
    assert code(owner, "cleanup_inactive_subscriptions") == "42501"
    assert code(owner, "realtime_subscribe", channel="form-responses") == "PGRST202"
    while not (reply := owner.rpc(asked, channels=["form-responses"], filters=own)).error:
        pass
    assert reply.error["code"] == "rate_limited"
