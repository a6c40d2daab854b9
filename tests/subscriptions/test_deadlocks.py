"""Deadlocks: everything at once, and nobody waits for each other in a circle."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import TypeAlias
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.subscriptions.crowd import (
    Crowd,
    Work,
    calling,
    crowd,
    doing,
    leases,
    outcome,
    subscribing,
)
from tests.support.callers.people import People

Act: TypeAlias = Callable[[UUID, UUID, UUID], Work]  # of a user, a supplier, a couple

ACTS = 20_000 if os.environ.get("WEDSYNC_LONG") else 1_500


@pytest.fixture
def many(people: People) -> Iterator[Crowd]:
    """Yield ten connections."""
    with crowd(people.url, 10) as opened:
        opened.connections[0].execute(
            "update wedsync_realtime.settings set subscribe_burst = 6000,"
            " subscribe_per_minute = 6000"
        )
        yield opened


def _every(user: UUID, supplier: UUID, couple: UUID) -> Work:
    ids = {"supplier_id": str(supplier), "couple_id": str(couple), "wedding_id": str(couple)}
    names = ["form-responses", "couple-profile", "wedding-details", "client-profiles"]
    chance = Random(uuid4().int)
    wanted = chance.choice([{}, {"operations": ["INSERT"]}])
    return subscribing(user, ids | wanted, *chance.sample(names, 3))


def _ping(user: UUID, supplier: UUID, couple: UUID) -> Work:
    return calling(user, "realtime_ping")


def _delete(user: UUID, supplier: UUID, couple: UUID) -> Work:
    return doing("delete from auth.users where id = %s", user)


STORM: list[Act] = [
    _every, _every, _every, _ping, _delete,
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
    lambda user, supplier, couple: doing(
        "insert into auth.users (id) values (%s) on conflict do nothing", user
    ),
    lambda user, supplier, couple: doing(
        "insert into public.user_profiles (id, user_type, supplier_id) select id, 'supplier', %s"
        " from auth.users where id = %s for key share on conflict (id) do update"
        " set supplier_id = excluded.supplier_id, user_type = 'supplier'",
        supplier, user,
    ),
    lambda user, supplier, couple: doing(
        "update public.user_profiles set user_type = 'couple' where id = %s", user
    ),
    lambda user, supplier, couple: doing(
        "select wedsync_realtime.disconnect(tenant_id => %s)", supplier
    ),
]  # fmt: skip


# A deletion takes the leases of a user in any order, a ping takes them without holding the user.
@pytest.mark.parametrize("left_out", [_ping, _delete])
def test_storm_has_no_deadlock_and_leaves_exact_counters(
    people: People, many: Crowd, left_out: Act
) -> None:
    couple = people.couple()
    suppliers = [people.supplier(f"Supplier {n}") for n in range(3)]
    for supplier in suppliers:
        people.link(supplier, couple)
    users = [(people.supplier_user(s, f"user {n}"), s) for n in range(4) for s in suppliers]
    acts = [act for act in STORM if act is not left_out]
    left = iter(range(ACTS))

    def storm(seed: int) -> Work:
        chance = Random(seed)

        def work(connection: psycopg.Connection) -> Counter[str]:
            seen = Counter[str]()
            for _ in left:
                answer = outcome(connection, chance.choice(acts)(*chance.choice(users), couple))
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
    # A user may go between the two inserts that bring one back.
    del seen["23503"]
    assert {state: count for state, count in seen.items() if len(state) == 5} == {}
    assert seen["subscribed"] > 10
    leases(many.connections[0])
