"""Races with real connections: limits are exact, and no lease outlives what admitted it."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from time import sleep
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.subscriptions.crowd import Crowd, crowd, leases, outcome, subscribing
from tests.support.callers.people import People

LONG = bool(os.environ.get("WEDSYNC_LONG"))
ROUNDS = 200 if LONG else 25


@pytest.fixture
def many(people: People) -> Iterator[Crowd]:
    """Yield fifty connections."""
    with crowd(people.url, 50) as opened:
        admit(opened)
        yield opened


@pytest.fixture
def few(people: People) -> Iterator[Crowd]:
    """Yield two connections that race, and a third one."""
    with crowd(people.url, 3) as opened:
        admit(opened)
        yield opened


def admit(opened: Crowd) -> None:
    """Let a user subscribe as often as a race is run."""
    opened.connections[0].execute(
        "update wedsync_realtime.settings set subscribe_burst = 6000, subscribe_per_minute = 6000"
    )


def test_fifty_callers_of_a_user_get_exactly_the_limit(people: People, many: Crowd) -> None:
    supplier = people.supplier()
    user = people.supplier_user(supplier)
    answers = many.at_once([subscribing(user, {"supplier_id": str(supplier)})] * 50)
    assert Counter(answers) == {"subscribed": 20, "connection_limit": 30}
    assert leases(many.connections[0]) == 20


@pytest.mark.parametrize("has_own_limit", [False, True], ids=["settings", "override"])
def test_fifty_users_of_a_tenant_get_exactly_its_limit(
    people: People, many: Crowd, has_own_limit: bool
) -> None:
    supplier = people.supplier()
    users = [people.supplier_user(supplier, f"user {n}") for n in range(50)]
    connection = many.connections[0]
    if has_own_limit:
        connection.execute(
            "insert into wedsync_realtime.tenants (tenant_id, max_subscriptions) values (%s, 20)",
            (supplier,),
        )
    else:
        connection.execute("update wedsync_realtime.settings set subscriptions_per_tenant = 20")
    answers = many.at_once([subscribing(user, {"supplier_id": str(supplier)}) for user in users])
    assert Counter(answers) == {"subscribed": 20, "connection_limit": 30}
    assert leases(connection) == 20


def test_fifty_callers_of_a_user_get_exactly_the_burst(people: People, many: Crowd) -> None:
    supplier = people.supplier()
    user = people.supplier_user(supplier)
    many.connections[0].execute(
        "update wedsync_realtime.settings set subscribe_burst = 10, subscribe_per_minute = 1"
    )
    answers = many.at_once([subscribing(user, {"supplier_id": str(supplier)})] * 50)
    assert Counter(answers) == {"subscribed": 10, "rate_limited": 40}


REVOCATIONS = {
    "profile moves": ("update public.user_profiles set supplier_id = gen_random_uuid()",),
    "profile changes side": ("update public.user_profiles set user_type = 'couple'",),
    "profile goes": ("delete from public.user_profiles",),
    "profiles truncated": ("truncate public.user_profiles",),
    "link goes": ("delete from public.clients",),
    "link moves": ("update public.clients set couple_id = gen_random_uuid()",),
    "links truncated": ("truncate public.clients",),
    "user goes": ("delete from auth.users",),
    "channel disabled": ("update wedsync_realtime.channels set is_enabled = false",),
    "channel admits others": (
        "update wedsync_realtime.channels set couple_authoriser = 'own_couple',"
        " supplier_authoriser = null",
    ),
    "disabled, then enabled": (
        "update wedsync_realtime.channels set is_enabled = false",
        "delete from public.user_profiles",
        "update wedsync_realtime.channels set is_enabled = true",
    ),
}
WARY = ["couple-profile", "wedding-details"]
RESTORED = """
    insert into auth.users (id) values (%(user)s) on conflict do nothing;
    delete from public.user_profiles;
    insert into public.user_profiles (id, user_type, supplier_id)
    values (%(user)s, 'supplier', %(supplier)s);
    delete from public.clients;
    insert into public.clients (supplier_id, couple_id) values (%(supplier)s, %(couple)s);
    update wedsync_realtime.channels set is_enabled = true, couple_authoriser = 'own_couple',
        supplier_authoriser = 'linked_couple' where name in ('couple-profile', 'wedding-details');
"""


def restorer(people: People) -> tuple[UUID, UUID, Callable[[psycopg.Connection], None]]:
    """Return a user, a couple, and what brings back all that lets the one hear the other."""
    supplier, couple = people.supplier(), people.couple()
    user = people.supplier_user(supplier)
    values = {"user": user, "supplier": supplier, "couple": couple}

    def restore(connection: psycopg.Connection) -> None:
        with psycopg.ClientCursor(connection) as cursor:
            cursor.execute(RESTORED.encode(), values)

    return user, couple, restore


@pytest.mark.parametrize("revocation", REVOCATIONS)
def test_subscribe_racing_a_revocation_leaves_no_lease(
    people: People, few: Crowd, revocation: str
) -> None:
    user, couple, restore = restorer(people)
    connection = few.connections[2]
    chance = Random(revocation)
    seen = Counter[str]()
    filters = {"couple_id": str(couple), "wedding_id": str(couple)}

    def revoke(each: psycopg.Connection) -> str:
        sleep(chance.random() * 0.006)
        for statement in REVOCATIONS[revocation]:
            each.execute(statement.encode())
        return "revoked"

    for _ in range(ROUNDS):
        restore(connection)
        # One lease is there already, so that the call renews one and opens another.
        assert outcome(connection, subscribing(user, filters, WARY[0])) == "subscribed"
        answers = few.at_once([subscribing(user, filters, *WARY), revoke])
        seen.update(map(str, answers))
        if answers[1] != "40P01":
            assert leases(connection) == 0, answers
    expected = {"revoked", "subscribed", "forbidden_channel", "unknown_channel", "unauthorized"}
    if revocation == "disabled, then enabled":
        expected.add("40P01")  # it locks the registry before the profile, a subscribe the other way
    assert seen.keys() <= expected, seen


@pytest.mark.parametrize("revocation", REVOCATIONS)
@pytest.mark.parametrize("old_snapshot", ["subscriber", "revoker"])
def test_old_snapshot_of_either_side_leaves_no_lease(
    people: People, few: Crowd, revocation: str, old_snapshot: str
) -> None:
    user, couple, restore = restorer(people)
    late, early, observer = few.connections[:3]
    restore(observer)
    filters = {"couple_id": str(couple), "wedding_id": str(couple)}

    def revoke(connection: psycopg.Connection) -> None:
        for statement in REVOCATIONS[revocation]:
            connection.execute(statement.encode())

    works = [subscribing(user, filters, *WARY), revoke]
    if old_snapshot == "revoker":
        works.reverse()
    late.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ

    def wait_then_work(connection: psycopg.Connection) -> Any:
        connection.execute("select count(*) from auth.users")
        assert outcome(early, works[1]) in (None, "subscribed")
        return works[0](connection)

    answer = outcome(late, wait_then_work)
    if answer == "40001" and old_snapshot == "revoker":
        return  # the revocation did not happen: its transaction is to be tried again
    assert leases(observer) == 0, answer


UNADMITTED = """
    select count(*)
    from public.realtime_subscriptions as s
    inner join wedsync_realtime.topics as t on t.id = s.topic_id
    where wedsync_realtime.may_hear(s.user_id, t.channel_id, t.tenant_id) is not true
"""


def test_subscribe_racing_a_wedding_that_moves_opens_no_stranger(
    people: People, few: Crowd
) -> None:
    user, couple, restore = restorer(people)
    stranger = people.couple("Cy and Di")
    connection = few.connections[2]
    restore(connection)
    chance = Random(5)
    wedding = uuid4()
    connection.execute(
        "insert into public.wedding_details (id, couple_id) values (%s, %s)", (wedding, couple)
    )

    def move(each: psycopg.Connection) -> None:
        sleep(chance.random() * 0.004)
        each.execute("update public.wedding_details set couple_id = %s", (stranger,))

    for _ in range(ROUNDS * 2):
        connection.execute("update public.wedding_details set couple_id = %s", (couple,))
        filters = {"wedding_id": str(wedding)}
        answers = few.at_once([subscribing(user, filters, "wedding-details"), move])
        assert connection.execute(UNADMITTED.encode()).fetchone() == (0,), answers
        connection.execute("delete from public.realtime_subscriptions")


def test_subscribe_racing_the_end_of_its_channel(people: People, few: Crowd) -> None:
    user, _, restore = restorer(people)
    connection = few.connections[2]
    restore(connection)
    connection.execute("create table public.tastings (id uuid primary key, supplier_id uuid)")
    chance = Random(6)

    def unregister(each: psycopg.Connection) -> str:
        sleep(chance.random() * 0.006)
        each.execute("select wedsync_realtime.unregister_channel('tastings')")
        return "unregistered"

    seen = Counter[str]()
    for _ in range(ROUNDS):
        connection.execute(
            "select wedsync_realtime.register_channel('tastings', 'public.tastings',"
            " 'supplier_id', 'supplier_id', 'own_supplier')"
        )
        filters = {"supplier_id": str(people.supplier())}
        answers = few.at_once([subscribing(user, filters, "tastings"), unregister])
        seen.update(map(str, answers))
        assert leases(connection) == 0, answers
    assert seen.keys() <= {"unregistered", "subscribed", "unknown_channel", "forbidden_channel"}
