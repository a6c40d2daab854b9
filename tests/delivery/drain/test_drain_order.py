"""Ends of leases are drained in order: no event that was committed after one comes before it."""

import random
import threading
from functools import partial
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.drainer import Drainer, drain, drained, here
from tests.support.callers.listener import INSERT, ActAs, Connect, Listener, subscribed
from tests.support.callers.load import Threads
from tests.support.callers.people import People

REVOKE = "select wedsync_realtime.disconnect(user_id => %s)"


@pytest.fixture
def user(people: People, supplier: UUID) -> UUID:
    return people.supplier_user(supplier)


def test_end_lies_between_what_was_committed_before_and_after(
    admin: psycopg.Connection, listener: Listener, supplier: UUID, user: UUID
) -> None:
    start = here(admin)
    admin.execute(INSERT, (supplier, "before"))
    admin.execute(REVOKE, (user,))
    admin.execute(INSERT, (supplier, "after"))
    rows = drained(admin, start)
    assert [row.kind for row in rows] == ["event", "ended", "event"]
    assert [rows[0].name, rows[2].name] == ["before", "after"]
    ended = rows[1].body
    assert (ended["userId"], ended["channel"]) == (str(user), listener.channel)
    assert ended["subject"] == (rows[0].subjects or [])[0]
    assert ended["reason"].startswith("revoked: disconnected by ")
    # any of its rows can be gone on from
    for place, row in enumerate(rows):
        assert [r.body for r in drained(admin, row.next)] == [r.body for r in rows[place + 1 :]]


def test_event_recorded_before_the_end_and_committed_after_comes_after(
    admin: psycopg.Connection, connect: Connect, listener: Listener, supplier: UUID, user: UUID
) -> None:
    start = here(admin)
    late = connect()
    late.execute(INSERT, (supplier, "late"))
    admin.execute(INSERT, (supplier, "before"))
    admin.execute(REVOKE, (user,))
    late.commit()
    admin.execute(INSERT, (supplier, "after"))
    rows = drained(admin, start)
    assert [row.name for row in rows if row.kind == "event"] == ["before", "late", "after"]
    assert [row.kind for row in rows] == ["event", "ended", "event", "event"]
    assert (rows[2].id or 0) < (rows[0].id or 0)


def test_end_that_is_committed_late_holds_nobody_up(
    admin: psycopg.Connection, connect: Connect, listener: Listener, supplier: UUID, user: UUID
) -> None:
    """What is committed before that was still the user's to hear."""
    start = here(admin)
    revoking = connect()
    revoking.execute("delete from public.realtime_subscriptions")
    admin.execute(INSERT, (supplier, "before"))
    assert [row.name for row in drained(admin, start)] == ["before"]
    position = drain(admin, start)[-1].next
    revoking.commit()
    admin.execute(INSERT, (supplier, "after"))
    assert [row.kind for row in drained(admin, position)] == ["ended", "event"]


def test_ends_of_several_leases_come_in_their_order(
    admin: psycopg.Connection, act_as: ActAs, people: People, supplier: UUID
) -> None:
    users = [people.supplier_user(supplier, name) for name in ("one", "two", "three")]
    for user in users:
        subscribed(act_as(user), "form-responses", {"supplier_id": str(supplier)})
    start = here(admin)
    for user in users:
        admin.execute(INSERT, (supplier, str(user)))
        admin.execute(REVOKE, (user,))
    rows = drained(admin, start)
    assert [row.kind for row in rows] == ["event", "ended"] * 3
    for event, ended in zip(rows[::2], rows[1::2], strict=True):
        assert event.name == ended.body["userId"]


def test_renewal_with_another_filter_leaves_its_subject(
    admin: psycopg.Connection, owner: Caller, listener: Listener, supplier: UUID
) -> None:
    start = here(admin)
    answer = owner.rpc(
        "realtime_subscribe",
        channels=["form-responses"],
        filters={"supplier_id": str(supplier), "operations": ["INSERT"]},
    )
    (subscription,) = answer["subscriptions"]
    (ended,) = drained(admin, start)
    assert ended.body["subject"] + "." in subscription["subject"]
    assert ended.body["reason"].startswith("moved")
    listener.caller.rpc("realtime_unsubscribe", channel=listener.channel)
    assert admin.execute("select from wedsync_realtime.filters").fetchall() == []


def test_topic_that_settles_is_told(
    admin: psycopg.Connection, connect: Connect, owner: Caller, supplier: UUID
) -> None:
    start = here(admin)
    writer = connect()
    writer.execute(INSERT, (supplier, "early"))
    listener = subscribed(owner, "form-responses", {"supplier_id": str(supplier)})
    assert listener.poll()["ready"] is False
    assert drained(admin, start) == []
    writer.commit()
    assert listener.poll()["ready"] is True
    (ready,) = drained(admin, start)
    assert (ready.kind, ready.body) == ("ready", {})
    assert ready.subjects == [f"wedsync.event.form-responses.{supplier}"]


@pytest.mark.timeout(600)
def test_revoked_under_load_is_told_nothing_that_was_committed_after(
    database: str, admin: psycopg.Connection, act_as: ActAs, people: People, supplier: UUID
) -> None:
    """The journal is written under one lock, so its order is that of the commits."""
    admin.execute("create table tests.journal (n bigint generated always as identity, what text)")
    users = [people.supplier_user(supplier, str(number)) for number in range(20)]
    for user in users:
        subscribed(act_as(user), "form-responses", {"supplier_id": str(supplier)})
    drainer = Drainer(here(admin), 7, random.Random(7))
    stop = threading.Event()

    def write(number: int) -> None:
        rng = random.Random(number)
        with psycopg.connect(database) as connection:
            for _ in range(60):
                name = str(uuid4())
                connection.execute(INSERT, (supplier, name))
                if rng.random() < 0.2:
                    stop.wait(0.01)
                log(connection, name)

    def log(connection: psycopg.Connection, what: str) -> None:
        connection.execute("select pg_advisory_xact_lock(1)")
        connection.execute("insert into tests.journal (what) values (%s)", (what,))
        connection.commit()

    def revoke() -> None:
        with psycopg.connect(database) as connection:
            for user in users:
                connection.execute(
                    "delete from public.realtime_subscriptions where user_id = %s", (user,)
                )
                log(connection, str(user))

    draining = Threads([partial(drainer.run, database, stop)])
    try:
        Threads([*(partial(write, number) for number in range(6)), revoke]).join()
    finally:
        stop.set()
        draining.join()
    order = [what for (what,) in admin.execute("select what from tests.journal order by n")]
    place = {what: number for number, what in enumerate(order)}
    told = [row.body["userId"] if row.kind == "ended" else row.name
            for row in drainer.rows if row.body and row.kind != "ready"]  # fmt: skip
    assert sorted(told) == sorted(order)
    before: set[str] = set()
    for what in told:
        if what in map(str, users):
            assert all(place[event] < place[what] for event in before), what
        else:
            before.add(what)
