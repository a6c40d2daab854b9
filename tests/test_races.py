"""Races with real connections: limits are exact, and no lease outlives what admitted it."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from time import monotonic, sleep
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.crowd import Crowd, Work, crowd, outcome
from tests.support.people import People
from tests.support.script import become, call

LONG = bool(os.environ.get("WEDSYNC_LONG"))
ROUNDS = 200 if LONG else 25
STORM_SECONDS = 60 if LONG else 4


@pytest.fixture
def many(people: People) -> Iterator[Crowd]:
    """Yield fifty connections."""
    with crowd(people.url, 50) as opened:
        opened.connections[0].execute(
            "update wedsync_realtime.settings set subscribe_burst = 6000,"
            " subscribe_per_minute = 6000"
        )
        yield opened


def subscribing(user: UUID, filters: dict[str, Any], *channels: str) -> Work:
    """Return the work of subscribing under a connection id of its own."""

    def work(connection: psycopg.Connection) -> Any:
        become(connection, user)
        names = list(channels) or ["form-responses"]
        answer = call(connection, "realtime_subscribe", names, filters, uuid4())
        return answer.get("code", "subscribed")

    return work


def calling(user: UUID | None, function: str, *arguments: Any, role: str | None = None) -> Work:
    """Return the work of one call."""

    def work(connection: psycopg.Connection) -> Any:
        become(connection, user, role)
        return call(connection, function, *arguments)

    return work


def doing(statement: str, *values: Any) -> Work:
    """Return the work of one statement as superuser."""
    return lambda connection: connection.execute(statement.encode(), values).rowcount


def leases(connection: psycopg.Connection) -> int:
    """Return how many leases there are, after checking that the counters agree."""
    wrong = connection.execute(
        "select t.tenant_id, t.subscriptions, count(s.id) from wedsync_realtime.tenants as t"
        " left join public.realtime_subscriptions as s on s.tenant_id = t.tenant_id"
        " group by t.tenant_id having count(s.id) <> t.subscriptions"
    ).fetchall()
    assert not wrong
    row = connection.execute("select count(*) from public.realtime_subscriptions").fetchone()
    assert row is not None
    return int(row[0])


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
    people: People, many: Crowd, revocation: str
) -> None:
    user, couple, restore = restorer(people)
    connection = many.connections[2]
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
        answers = many.at_once([subscribing(user, filters, *WARY), revoke])
        seen.update(map(str, answers))
        assert leases(connection) == 0, answers
    assert seen.keys() <= {
        "revoked", "subscribed", "forbidden_channel", "unknown_channel", "unauthorized",
    }, seen  # fmt: skip


@pytest.mark.parametrize("revocation", REVOCATIONS)
@pytest.mark.parametrize("old_snapshot", ["subscriber", "revoker"])
def test_old_snapshot_of_either_side_leaves_no_lease(
    people: People, many: Crowd, revocation: str, old_snapshot: str
) -> None:
    user, couple, restore = restorer(people)
    late, early, observer = many.connections[:3]
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


def test_storm_has_no_deadlock_and_leaves_exact_counters(people: People, many: Crowd) -> None:
    couple = people.couple()
    suppliers = [people.supplier(f"Supplier {n}") for n in range(3)]
    for supplier in suppliers:
        people.link(supplier, couple)
    users = [(people.supplier_user(s, f"user {n}"), s) for n in range(4) for s in suppliers]
    ends = monotonic() + STORM_SECONDS

    def storm(seed: int) -> Work:
        chance = Random(seed)

        def work(connection: psycopg.Connection) -> Counter[str]:
            seen = Counter[str]()
            while monotonic() < ends:
                answer = outcome(connection, chance.choice(STORM)(*chance.choice(users), couple))
                if isinstance(answer, str):
                    seen[answer] += 1
            return seen

        return work

    seen = sum(
        (each.result() for each in [
            many.pool.submit(storm(n), many.connections[n]) for n in range(10)
        ]),
        Counter[str](),
    )  # fmt: skip
    assert {state: count for state, count in seen.items() if len(state) == 5} == {}
    assert seen["subscribed"] > 10
    leases(many.connections[0])


def _every(user: UUID, supplier: UUID, couple: UUID) -> Work:
    ids = {"supplier_id": str(supplier), "couple_id": str(couple), "wedding_id": str(couple)}
    names = ["form-responses", "couple-profile", "wedding-details", "client-profiles"]
    return subscribing(user, ids, *Random(uuid4().int).sample(names, 3))


STORM: list[Callable[[UUID, UUID, UUID], Work]] = [
    _every, _every, _every,
    lambda user, supplier, couple: calling(user, "realtime_ping"),
    lambda user, supplier, couple: calling(user, "realtime_unsubscribe_all"),
    lambda user, supplier, couple: calling(
        None, "cleanup_inactive_subscriptions", role="service_role"
    ),
    lambda user, supplier, couple: doing(
        "update public.realtime_subscriptions set last_ping_at = now() - interval '1 hour'"
        " where id in (select s.id from public.realtime_subscriptions as s limit 5"
        " for update skip locked)"
    ),
    lambda user, supplier, couple: doing("select wedsync_realtime.maintain_partitions()"),
    lambda user, supplier, couple: doing("delete from auth.users where id = %s", user),
    lambda user, supplier, couple: doing(
        "with u as (insert into auth.users (id) values (%s) on conflict do nothing)"
        " insert into public.user_profiles (id, user_type, supplier_id) values (%s, 'supplier', %s)"
        " on conflict (id) do update"
        " set supplier_id = excluded.supplier_id, user_type = 'supplier'",
        user, user, supplier,
    ),
    lambda user, supplier, couple: doing(
        "update public.user_profiles set user_type = 'couple' where id = %s", user
    ),
    lambda user, supplier, couple: doing(
        "select wedsync_realtime.disconnect(tenant_id => %s)", supplier
    ),
]  # fmt: skip
