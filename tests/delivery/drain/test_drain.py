"""A relay is told every committed change once, and hands clients over to poll at any event."""

import random
import threading
from functools import partial
from uuid import UUID

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.drainer import Drainer, drain, drained, here, is_seen_at_a_glance
from tests.support.callers.listener import INSERT, ActAs, Connect, Listener, subscribed
from tests.support.callers.load import (
    Threads,
    Writer,
    committed,
    difference,
    install_journal,
    told,
)
from tests.support.callers.people import People
from tests.support.waiting import until

WRITERS = 12
TRANSACTIONS = 15  # of each writer


def rest_of(poller: Listener) -> list[int]:
    """Poll until nothing is left: a window that was cut ends before what is newer."""
    told: list[int] = []
    while True:
        before = poller.cursor
        told += [event["id"] for event in poller.events(max_events=50)]
        if poller.cursor == before:
            return told


@pytest.mark.timeout(1200)
def test_every_committed_change_is_drained_once(
    database: str, people: People, act_as: ActAs, supplier: UUID
) -> None:
    """With savepoints, rollbacks, prepared transactions and one that is open throughout."""
    user = people.supplier_user(supplier)
    install_journal(database, supplier)
    filters = {"supplier_id": str(supplier)}
    poller = subscribed(act_as(user), "form-responses", filters)
    writers = [Writer(supplier, number, random.Random(number)) for number in range(WRITERS)]

    def write(writer: Writer) -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            for _ in range(TRANSACTIONS):
                writer.transact(connection)
            writer.decide(connection)

    with psycopg.connect(database) as eldest, psycopg.connect(database, autocommit=True) as admin:
        admin.execute("select wedsync_realtime.maintain_partitions()")  # drains glance, as they do
        eldest.execute(INSERT, (supplier, "eldest"))
        start = here(admin)
        drainers = [
            Drainer(start, 1), Drainer(start, 7), Drainer(start, 1000),
            Drainer(start, 5, random.Random(5)),
        ]  # fmt: skip
        stop = threading.Event()
        draining = Threads(partial(drainer.run, database, stop) for drainer in drainers)
        try:
            Threads(partial(write, writer) for writer in writers).join()
        finally:
            stop.set()
            draining.join()
        truth = committed(database)
        for drainer in drainers:
            assert not difference(truth, told(drainer.events)), drainer
        eldest.commit()

        for drainer in drainers:
            (last,) = drained(admin, drainer.position)
            assert last.name == "eldest"
            drainer.rows.append(last)
            ids = [event["id"] for event in drainer.events]
            assert len(set(ids)) == len(ids)
        polled = poller.events()
        assert {event["id"] for event in polled} == {event["id"] for event in drainers[0].events}

        # at any event a client may go on by poll, and a relay by drain
        for drainer in drainers:
            chosen = random.Random(1).sample(range(len(drainer.rows)), 20)
            for place in [*chosen, len(drainer.rows) - 1]:
                row = drainer.rows[place]
                if row.kind != "event":
                    continue
                before = {r.id for r in drainer.rows[: place + 1]}
                poller.cursor = row.cursor
                rest = rest_of(poller)
                assert len(set(rest)) == len(rest)
                assert before.isdisjoint(rest)
                assert before | set(rest) == {r.id for r in drainer.rows}
                again = [r.id for r in drained(admin, row.next, 50) if r.id and r.kind == "event"]
                assert sorted(again) == sorted(rest)


def test_position_drained_twice_tells_the_same(
    admin: psycopg.Connection, listener: Listener, supplier: UUID
) -> None:
    start = here(admin)
    for number in range(5):
        admin.execute(INSERT, (supplier, str(number)))
    first = drain(admin, start, 3)
    assert [row.name for row in first] == ["0", "1", "2", ""]
    admin.execute(INSERT, (supplier, "5"))
    assert drain(admin, start, 3)[0].id == first[0].id
    # inside the window nothing that came later is told before its end
    assert [row.name for row in drain(admin, first[1].next, 2)] == ["2", "3", ""]
    assert [row.name for row in drained(admin, first[1].next, 1)] == ["2", "3", "4", "5"]


def test_position_stays_while_nothing_happens(
    admin: psycopg.Connection, connect: Connect, listener: Listener, supplier: UUID
) -> None:
    admin.execute("select wedsync_realtime.maintain_partitions()")  # notes what a glance needs
    admin.execute(INSERT, (supplier, "one"))
    seen = [here(admin)]

    def tells_at_a_glance() -> bool:
        seen.append(drain(admin, seen[-1])[-1].next)
        return is_seen_at_a_glance(admin, seen[-1])

    until(tells_at_a_glance)  # once nobody was at work, in no database of the cluster
    for _ in range(3):
        assert [row.next for row in drain(admin, seen[-1])] == [seen[-1]]
    assert not is_seen_at_a_glance(connect(), seen[-1]), "there may have been a crash"
    admin.execute(INSERT, (supplier, "two"))
    assert not is_seen_at_a_glance(admin, seen[-1])


@pytest.mark.parametrize("others", [0, 1])  # who record nothing, but draw an id after the last
def test_glance_passes_over_nobody_who_was_at_work(
    admin: psycopg.Connection, connect: Connect, listener: Listener, supplier: UUID, others: int
) -> None:
    """Their ids were drawn before the position was taken, and none is drawn when they commit."""
    admin.execute("select wedsync_realtime.maintain_partitions()")
    admin.execute(INSERT, (supplier, "seen"))
    early, late = connect(), connect()
    early.execute(INSERT, (supplier, "early"))
    admin.execute(INSERT, (supplier, "newest"))
    late.execute(INSERT, (supplier, "late"))  # beyond what the position may claim to have seen
    for _ in range(others):
        admin.execute("select pg_current_xact_id()")
    position = drain(admin, here(admin))[-1].next
    for _ in range(2):
        assert drain(admin, position)[-1].next == position
    late.commit()
    (row,) = drained(admin, position)
    assert row.name == "late"
    assert drain(admin, row.next)[-1].next == drain(admin, row.next)[-1].next
    early.commit()
    assert [row.name for row in drained(admin, row.next)] == ["early"]
    admin.execute("truncate public.form_responses")
    assert [row.name for row in drained(admin, row.next)] == ["truncated"]


def test_event_goes_to_the_filters_it_fits(
    admin: psycopg.Connection, owner: Caller, listener: Listener, supplier: UUID
) -> None:
    answer = owner.rpc(
        "realtime_subscribe",
        channels=["form-responses"],
        filters={
            "supplier_id": str(supplier),
            "where": [{"column": "form_name", "op": "eq", "value": "menu"}],
        },
        connection_id="11111111-1111-4111-8111-111111111111",
    )
    (subscription,) = answer["subscriptions"]
    start = here(admin)
    admin.execute(INSERT, (supplier, "menu"))
    admin.execute(INSERT, (supplier, "music"))
    menu, music = drained(admin, start)
    assert menu.subjects[1:] == [subscription["subject"]]
    assert music.subjects == menu.subjects[:1]

    # and its cursor is one for a subscription with a filter, too
    filtered = Listener(owner, subscription["channel"], menu.cursor)
    assert filtered.events() == []
    owner.rpc("realtime_unsubscribe", channel=subscription["channel"])
    admin.execute(INSERT, (supplier, "menu"))
    assert [row.subjects for row in drained(admin, start) if row.name == "menu"][-1] == [
        menu.subjects[0]
    ]


def test_row_that_was_cut_travels_as_its_key(
    admin: psycopg.Connection, listener: Listener, supplier: UUID
) -> None:
    admin.execute("update wedsync_realtime.settings set event_bytes = 1024")
    start = here(admin)
    admin.execute(INSERT, (supplier, "long" * 1000))
    (row,) = drained(admin, start)
    (event,) = listener.events()
    assert row.body == {key: event[key] for key in event if key != "channel"}
    assert event["errors"] == ["payload_too_large"]


def test_row_that_moves_is_told_to_both_tenants(
    admin: psycopg.Connection, people: People, act_as: ActAs, listener: Listener, supplier: UUID
) -> None:
    rival = people.supplier("Petal")
    subscribed(act_as(people.supplier_user(rival)), "form-responses", {"supplier_id": str(rival)})
    admin.execute(INSERT, (supplier, "moving"))
    start = here(admin)
    admin.execute("update public.form_responses set supplier_id = %s", (rival,))
    gone, come = drained(admin, start)
    assert (gone.body["eventType"], come.body["eventType"]) == ("DELETE", "INSERT")
    assert gone.subjects[0].endswith(str(supplier))
    assert come.subjects[0].endswith(str(rival))
    assert str(rival) not in str(gone.body)


def test_writer_in_an_old_snapshot_is_heard(
    admin: psycopg.Connection, connect: Connect, owner: Caller, supplier: UUID
) -> None:
    """It cannot see the topic, and records for it."""
    writer = connect()
    writer.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    writer.execute("select from public.form_responses")
    subscribed(owner, "form-responses", {"supplier_id": str(supplier)})
    start = here(admin)
    writer.execute(INSERT, (supplier, "old"))
    assert drained(admin, start) == []
    writer.commit()
    assert [row.name for row in drained(admin, start)] == ["old"]


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_old_snapshot_is_refused(admin: psycopg.Connection, level: str) -> None:
    with admin.transaction():
        admin.execute(f"set transaction isolation level {level}".encode())
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="READ COMMITTED"):
            admin.execute("select wedsync_realtime.drain()")
        raise psycopg.Rollback
