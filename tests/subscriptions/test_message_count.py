"""messageCount of realtime_status(): the events that were committed while a lease was live."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.people import People

INSERT = "insert into public.form_responses (supplier_id) values (%s)"
STEPS = 150


@dataclass(frozen=True)
class Scene:
    """A supplier whose topic somebody else keeps hot, a user of it, and a superuser."""

    people: People
    supplier: UUID
    user: Caller
    admin: psycopg.Connection

    def subscribe(self, connection: UUID | None = None, **filters: object) -> str:
        answer = self.user.rpc(
            "realtime_subscribe", channels=["form-responses"], connection_id=connection,
            filters={"supplier_id": str(self.supplier), **filters},
        )  # fmt: skip
        return str(answer["subscriptions"][0]["channel"])

    def write(self, count: int = 1) -> None:
        for _ in range(count):
            self.admin.execute(INSERT, (self.supplier,))

    def count(self) -> int:
        return int(self.user.rpc("realtime_status")["messageCount"])


@pytest.fixture
def scene(people: People, act_as: Callable[..., Caller]) -> Iterator[Scene]:
    supplier = people.supplier()
    with psycopg.connect(people.url, autocommit=True) as admin:
        admin.execute(
            "update wedsync_realtime.settings"
            " set subscribe_burst = 6000, subscribe_per_minute = 6000"
        )
        yield Scene(people, supplier, act_as(people.supplier_user(supplier)), admin)


@pytest.fixture
def hot(scene: Scene, act_as: Callable[..., Caller]) -> Scene:
    """Keep the topic hot by another user's lease, which hears everything."""
    other = act_as(scene.people.supplier_user(scene.supplier, "other"))
    other.rpc(
        "realtime_subscribe", channels=["form-responses"],
        filters={"supplier_id": str(scene.supplier)},
    )  # fmt: skip
    return scene


def test_only_what_came_between_the_two_ends_counts(hot: Scene) -> None:
    hot.write(2)
    assert hot.count() == 0
    lease = hot.subscribe()
    hot.write(3)
    assert hot.count() == 3
    hot.user.rpc("realtime_unsubscribe", channel=lease)
    hot.write(4)
    assert hot.count() == 3
    hot.subscribe()
    hot.write()
    assert hot.count() == 4


def test_a_writer_is_counted_by_its_commit(hot: Scene) -> None:
    with psycopg.connect(hot.people.url) as early, psycopg.connect(hot.people.url) as late:
        early.execute(INSERT, (hot.supplier,))
        lease = hot.subscribe()
        early.commit()  # written before the lease began, committed while it was live
        late.execute(INSERT, (hot.supplier,))
        hot.user.rpc("realtime_unsubscribe", channel=lease)
        late.commit()  # written while the lease was live, committed after it had ended
    assert hot.count() == 1


def test_an_event_that_two_leases_heard_counts_once(hot: Scene) -> None:
    first = hot.subscribe()
    second = hot.subscribe(uuid4())
    hot.write()
    assert hot.count() == 1
    hot.user.rpc("realtime_unsubscribe", channel=first)
    hot.write()
    assert hot.count() == 2
    hot.user.rpc("realtime_unsubscribe", channel=second)
    assert hot.count() == 2


def test_filters_of_the_lease_do_not_matter(hot: Scene) -> None:
    hot.subscribe(operations=["DELETE"])
    hot.write()
    assert hot.count() == 1


def test_what_was_recorded_after_the_lease_expired_does_not_count(hot: Scene) -> None:
    hot.subscribe()
    hot.write()
    hot.admin.execute(
        "update public.realtime_subscriptions set last_ping_at = clock_timestamp() - x.stale_after"
        " from wedsync_realtime.settings as x where user_id = %s",
        (hot.user.claims["sub"],),
    )
    hot.write()
    assert hot.count() == 1
    hot.admin.execute("call wedsync_realtime.run_job('cleanup')")
    hot.write()
    assert hot.count() == 1


@pytest.fixture
def couples(scene: Scene) -> list[UUID]:
    """Return two couples that the supplier works for."""
    couples = [scene.people.couple("Ann and Bob"), scene.people.couple("Eve")]
    for couple in couples:
        scene.people.link(scene.supplier, couple)
    return couples


def follow(scene: Scene, couple: UUID) -> None:
    """Subscribe to a couple's profile, instead of another's."""
    scene.user.rpc(
        "realtime_subscribe", channels=["couple-profile"], filters={"couple_id": str(couple)}
    )


def write_date(scene: Scene, day: int) -> None:
    """Change the profiles of all couples."""
    scene.admin.execute("update public.couples set wedding_date = make_date(2027, 5, %s)", (day,))


def test_a_lease_that_went_over_to_another_topic_counts_on_both(
    scene: Scene, couples: list[UUID]
) -> None:
    for couple, dates in zip(couples, (2, 3), strict=True):
        follow(scene, couple)
        for day in range(1, dates + 1):
            write_date(scene, day)
    assert scene.count() == 5
    moved = scene.admin.execute(
        "select count(*) from public.realtime_activity_logs where event_type = 'moved'"
    ).fetchone()
    assert moved == (1,)


def test_what_came_after_a_lease_expired_does_not_count_where_it_goes_over_either(
    scene: Scene, couples: list[UUID]
) -> None:
    follow(scene, couples[0])
    write_date(scene, 1)
    scene.admin.execute(
        "update public.realtime_subscriptions set last_ping_at = created_at - x.stale_after"
        " from wedsync_realtime.settings as x"
    )
    write_date(scene, 2)
    follow(scene, couples[1])
    expired = scene.admin.execute(
        "select (payload ->> 'expiresAt')::timestamptz < timestamp"
        " from public.realtime_activity_logs where event_type = 'moved'"
    ).fetchall()
    assert expired == [(True,)]
    assert scene.count() == 0
    write_date(scene, 3)
    assert scene.count() == 1


def test_what_is_older_than_a_day_does_not_count(hot: Scene) -> None:
    hot.subscribe()
    hot.write(2)
    hot.admin.execute(
        "update wedsync_realtime.events set created_at = created_at - interval '24 hours'"
        " where id = (select min(id) from wedsync_realtime.events)"
    )
    assert hot.count() == 1


def test_another_tenants_events_do_not_count(hot: Scene) -> None:
    rival = hot.people.supplier("Petal")
    hot.subscribe()
    hot.admin.execute(INSERT, (rival,))
    assert hot.count() == 0


@pytest.mark.parametrize("seed", range(3))
def test_the_count_is_that_of_a_model(hot: Scene, seed: int) -> None:
    random = Random(seed)
    connections = [uuid4() for _ in range(3)]
    live: dict[UUID, str] = {}
    expected = 0
    for step in range(STEPS):
        connection = random.choice(connections)
        match random.choice(["subscribe", "unsubscribe", "write", "write", "rolled back"]):
            case "subscribe":
                live[connection] = hot.subscribe(connection)
            case "unsubscribe" if connection in live:
                hot.user.rpc("realtime_unsubscribe", channel=live.pop(connection))
            case "write":
                hot.write()
                expected += bool(live)
            case "rolled back":
                with hot.admin.transaction(force_rollback=True):
                    hot.write()
            case _:
                pass
        if step % 10 == 0:
            assert hot.count() == expected
    assert hot.count() == expected > 0
