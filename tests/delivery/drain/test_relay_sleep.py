"""A relay sleeps after a look that showed all there was; the next writer wakes it."""

import threading
from collections.abc import Callable
from functools import partial
from uuid import UUID

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.drainer import drain, drained, here
from tests.support.callers.listener import INSERT, ActAs, Connect, Listener, heard
from tests.support.callers.load import Threads
from tests.support.callers.people import People
from tests.support.callers.tables import listen_to
from tests.support.waiting import PATIENCE, until

HANG = "select wedsync_realtime.hang_relay_bell()"
WRITERS, ROUNDS = 4, 100
AT_WORK = 0.005  # seconds for those who may not ring


@pytest.fixture
def relay(connect: Connect, listener: Listener) -> psycopg.Connection:
    connection = connect()
    connection.autocommit = True
    connection.execute("select wedsync_realtime.maintain_partitions()")
    connection.execute("listen wedsync_realtime")
    connection.execute("set role wedsync_realtime_relay")
    return connection


def is_all(connection: psycopg.Connection, position: str) -> bool:
    """Drain once, and tell whether that was all there was."""
    *rows, last = drain(connection, position)
    assert rows
    assert isinstance(last.body, bool)
    return last.body


def shows_all(admin: psycopg.Connection, relay: psycopg.Connection, supplier: UUID) -> bool:
    """Tell it of a change that nobody is at work beside."""
    start = here(relay)
    relay.execute(HANG)
    admin.execute(INSERT, (supplier, "a change"))
    return is_all(relay, start)


def begun_first(writer: psycopg.Connection, _: psycopg.Connection, supplier: UUID) -> str:
    writer.execute(INSERT, (supplier, "late"))
    return "commit"


def begun_last(writer: psycopg.Connection, admin: psycopg.Connection, supplier: UUID) -> str:
    """Its id is beyond those that a snapshot names."""
    admin.execute(INSERT, (supplier, "first"))
    return begun_first(writer, admin, supplier)


def in_a_savepoint(writer: psycopg.Connection, _: psycopg.Connection, supplier: UUID) -> str:
    writer.execute("savepoint one")
    writer.execute(INSERT, (supplier, "late"))
    writer.execute("release one")
    return "commit"


def prepared(writer: psycopg.Connection, admin: psycopg.Connection, supplier: UUID) -> str:
    writer.execute(INSERT, (supplier, "late"))
    writer.execute("prepare transaction 'late'")
    writer.autocommit = True
    return "commit prepared 'late'"


@pytest.mark.parametrize("write", [begun_first, begun_last, in_a_savepoint, prepared])
@pytest.mark.parametrize("others", [0, 1])  # changes after it
def test_writer_who_missed_the_bell_is_looked_for_again(
    admin: psycopg.Connection,
    connect: Connect,
    relay: psycopg.Connection,
    supplier: UUID,
    write: Callable[..., str],
    others: int,
) -> None:
    """It looked before the bell was hung out, and commits after the look."""
    until(partial(shows_all, admin, relay, supplier))
    admin.execute("select setval('wedsync_realtime.gate_1', 1)")
    start, writer = here(relay), connect()
    admin.execute(INSERT, (supplier, "seen"))
    end = write(writer, admin, supplier)
    relay.execute(HANG)
    for _ in range(others):
        admin.execute(INSERT, (supplier, "seen, too"))
    assert not is_all(relay, start)
    writer.execute(end.encode())
    writer.commit()
    assert "late" in [row.name for row in drained(relay, start)]
    until(partial(shows_all, admin, relay, supplier))


def test_page_that_was_cut_is_not_all(
    admin: psycopg.Connection, relay: psycopg.Connection, supplier: UUID
) -> None:
    def two_pages() -> list[object]:
        start = here(relay)
        for name in ("one", "two"):
            admin.execute(INSERT, (supplier, name))
        return [drain(relay, start, most)[-1].body for most in (1, 2)]

    until(lambda: two_pages() == [False, True])


def test_writer_rings_a_relay_at_once(
    admin: psycopg.Connection, people: People, act_as: ActAs, relay: psycopg.Connection,
    supplier: UUID,
) -> None:  # fmt: skip
    """Even where the bell has just rung, and a reader has hung it out again before the relay."""
    rival = people.supplier("Petal")
    listen_to(act_as(people.supplier_user(rival)), "form-responses", rival)
    admin.execute("""
        create function tests.hang_and_write(supplier uuid, hung text) returns void
        language plpgsql as $$ begin
            execute 'select wedsync_realtime.' || hung;
            perform wedsync_realtime.hang_relay_bell();
            insert into public.form_responses (supplier_id, form_name) values (supplier, 'rings');
        end $$
    """)
    for hung in ("hang_bell()", "hang_relay_bell()"):
        admin.execute(
            "select tests.hang_and_write(s, %s) from unnest(%s) as s", (hung, [supplier, rival])
        )
        told = {f"form-responses:{tenant}" for tenant in (supplier, rival)}
        assert set(heard(relay)) == told


def test_reader_learns_when_it_rang_for_a_relay(
    admin: psycopg.Connection, relay: psycopg.Connection, supplier: UUID
) -> None:
    rung: list[int] = []
    for _ in range(2):
        relay.execute(HANG)
        (answer,) = relay.execute("select wedsync_realtime.hang_bell()")
        rung += answer
        admin.execute(INSERT, (supplier, "rings"))
    assert rung[0] < rung[1]


def test_relay_is_told_that_nobody_will_ring(
    admin: psycopg.Connection, relay: psycopg.Connection, supplier: UUID
) -> None:
    assert relay.execute(HANG).fetchone() == (True,)
    relay.execute("set default_transaction_read_only = on")
    assert relay.execute(HANG).fetchone() == (False,)
    relay.execute("reset default_transaction_read_only")
    admin.execute("update wedsync_realtime.settings set notify_enabled = false")
    assert relay.execute(HANG).fetchone() == (False,)


@pytest.mark.timeout(1200)
def test_nothing_waits_while_the_relay_sleeps(
    database: str, owner: Caller, relay: psycopg.Connection, supplier: UUID
) -> None:
    """It looks again while somebody is at work, and otherwise sleeps until it is rung."""
    position = here(relay)
    told: set[str] = set()
    turn = threading.Barrier(WRITERS + 1, timeout=PATIENCE)

    def write(number: int) -> None:
        with psycopg.connect(database) as connection:
            for count in range(ROUNDS):
                turn.wait()
                for part in range(1 + count % 2):
                    connection.execute(INSERT, (supplier, f"{count} {number} {part}"))
                connection.commit()

    writing = Threads(partial(write, number) for number in range(WRITERS))
    try:
        for count in range(ROUNDS):
            most = len(told) + WRITERS * (1 + count % 2)
            turn.wait()
            while True:
                relay.execute(HANG)
                *rows, last = drain(relay, position)
                position = last.next
                told |= {row.name for row in rows}
                if len(told) == most:
                    break
                patience = PATIENCE if last.body else AT_WORK
                rung = list(relay.notifies(timeout=patience, stop_after=1))
                assert rung or not last.body, "nobody has rung"
    finally:
        turn.abort()
    writing.join()
