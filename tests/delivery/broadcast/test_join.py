"""Who may join a private channel of Supabase Realtime: exactly the holders of a live lease."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.listener import ActAs, Listener, subscribed
from tests.support.callers.people import People
from tests.support.postgres.supabase import joins, may_send

BROADCAST = {"broadcast"}


@pytest.fixture
def topic(supplier: UUID) -> str:
    return f"form-responses:{supplier}"


def test_holder_of_a_live_lease_joins_for_broadcast_alone(
    admin: psycopg.Connection, owner: Caller, listener: Listener, topic: str
) -> None:
    assert joins(admin, topic, owner.claims) == BROADCAST


def test_others_do_not_join(
    admin: psycopg.Connection,
    people: People,
    act_as: ActAs,
    owner: Caller,
    listener: Listener,
    supplier: UUID,
    topic: str,
) -> None:
    petal = people.supplier("Petal")
    rival = act_as(people.supplier_user(petal))
    subscribed(rival, "form-responses", {"supplier_id": str(petal)})
    strangers: list[dict[str, Any]] = [
        rival.claims,
        {"sub": str(people.supplier_user(supplier, "colleague")), "role": "authenticated"},
        {"sub": str(uuid4()), "role": "authenticated"},
        {"role": "authenticated"},
        {"role": "anon"},
        owner.claims | {"role": "anon"},
    ]
    assert [joins(admin, topic, claims) for claims in strangers] == [set()] * len(strangers)
    assert joins(admin, f"form-responses:{petal}", rival.claims) == BROADCAST
    assert joins(admin, f"form-responses:{petal}", owner.claims) == set()
    assert joins(admin, f"journey-progress:{supplier}", owner.claims) == set()


@pytest.mark.parametrize(
    "end",
    [
        "update public.realtime_subscriptions set last_ping_at = now() - interval '6 minutes'",
        "delete from public.realtime_subscriptions",
        "update public.user_profiles set supplier_id = gen_random_uuid()",
        "set session_replication_role = replica; delete from public.user_profiles",
        "update wedsync_realtime.channels set is_enabled = false",
    ],
)
def test_nobody_joins_once_the_lease_has_ended(
    admin: psycopg.Connection, owner: Caller, listener: Listener, topic: str, end: str
) -> None:
    admin.execute(end.encode())
    assert joins(admin, topic, owner.claims) == set()


def test_couple_joins_the_wedding_that_it_subscribed_to(
    admin: psycopg.Connection, people: People, act_as: ActAs
) -> None:
    couple = people.couple()
    user = act_as(people.couple_user(couple))
    subscribed(user, "wedding-details", {"wedding_id": str(couple)})
    assert joins(admin, f"wedding-details:{couple}", user.claims) == BROADCAST
    assert joins(admin, f"couple-profile:{couple}", user.claims) == set()


@pytest.mark.parametrize(
    "other",
    [
        "", ":", "form-responses", "form-responses:", "form-responses:x", ":::", "room:1",
        "realtime:form-responses:x", "%", "form-responses:00000000", "\\", "'", "x" * 100_000,
    ],
)  # fmt: skip
def test_no_topic_makes_the_policy_raise(
    admin: psycopg.Connection, owner: Caller, listener: Listener, topic: str, other: str
) -> None:
    assert joins(admin, other, owner.claims) == set()
    assert joins(admin, topic + other, owner.claims) == (set() if other else BROADCAST)


@pytest.mark.parametrize(
    "claims",
    ["", "null", "[]", "{", "{}", '"x"', '{"sub": 1}', '{"sub": "x"}', '{"sub": {}}', "[" * 50_000],
)
def test_no_claims_make_the_policy_raise(
    admin: psycopg.Connection, listener: Listener, topic: str, claims: str
) -> None:
    assert joins(admin, topic, claims) == set()


def test_channels_of_the_application_work_as_before(
    admin: psycopg.Connection, owner: Caller, listener: Listener, topic: str
) -> None:
    admin.execute(
        "create policy rooms on realtime.messages for all to authenticated"
        " using (realtime.topic() = 'room:1') with check (realtime.topic() = 'room:1')"
    )
    assert joins(admin, "room:1", owner.claims) == {"broadcast", "presence"}
    assert may_send(admin, "room:1", owner.claims)
    assert joins(admin, topic, owner.claims) == BROADCAST


def test_message_of_another_topic_is_not_read(
    admin: psycopg.Connection, owner: Caller, listener: Listener, topic: str
) -> None:
    for name in (topic, "room:1"):
        admin.execute("select realtime.send('{}', 'event', %s)", (name,))
    with owner.transaction() as connection:
        connection.execute("select set_config('realtime.topic', %s, true)", (topic,))
        read = connection.execute("select m.topic from realtime.messages m").fetchall()
    assert read == [(topic,)]
    assert owner.query("select m.topic from realtime.messages m") == []


def test_nobody_sends_from_a_client(
    admin: psycopg.Connection, owner: Caller, listener: Listener, topic: str
) -> None:
    assert not may_send(admin, topic, owner.claims)
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        owner.transaction() as connection,
    ):
        connection.execute(
            "insert into realtime.messages (topic, extension) values (%s, 'broadcast')", (topic,)
        )
