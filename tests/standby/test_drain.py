"""Standby: a relay that reads a streaming replica, or goes back and forth."""

import random
import threading
from functools import partial
from uuid import UUID

import psycopg

from tests.standby.conftest import Pair
from tests.support.callers.drainer import Drainer, drained, here
from tests.support.callers.listener import INSERT
from tests.support.callers.load import Threads, Writer, committed, difference, install_journal, told
from tests.support.postgres.servers import Server


def test_standby_that_is_behind_tells_nothing_and_keeps_the_position(
    pair: Pair, server: Server
) -> None:
    with (
        psycopg.connect(server.url("app"), autocommit=True) as primary,
        psycopg.connect(pair.replica.url("app"), autocommit=True) as standby,
    ):
        start = here(primary)
        pair.pause()
        pair.insert("one", "two")
        rows = drained(primary, start)
        assert [row.name for row in rows] == ["one", "two"]
        for position in (start, rows[0].next, rows[-1].next):
            assert drained(standby, position) == []
        pair.go_on()
        pair.catch_up()
        assert [row.name for row in drained(standby, rows[0].next)] == ["two"]
        assert drained(standby, rows[-1].next) == []


def test_relay_may_go_back_and_forth_under_load(pair: Pair, server: Server, supplier: UUID) -> None:
    """One on the standby, one that asks primary or standby by chance."""
    url, replica = server.url("app"), pair.replica.url("app")
    install_journal(url, supplier)
    with psycopg.connect(url, autocommit=True) as primary:
        start = here(primary)
    resident, traveller = Drainer(start, 100), Drainer(start, 7, random.Random(7))
    pair.catch_up()
    over = threading.Event()

    def write(number: int) -> None:
        writer = Writer(supplier, number, random.Random(number))
        with psycopg.connect(url, autocommit=True) as connection:
            for _ in range(30):
                writer.transact(connection)
            writer.decide(connection)

    def travel() -> None:
        rng = random.Random(7)
        with (
            psycopg.connect(url, autocommit=True) as primary,
            psycopg.connect(replica, autocommit=True) as standby,
        ):
            while not over.is_set():
                traveller.once(rng.choice([primary, standby]))
            while traveller.once(primary):
                pass

    draining = Threads([travel, partial(resident.run, replica, over)])
    try:
        Threads(partial(write, number) for number in range(6)).join()
        pair.catch_up()
    finally:
        over.set()
        draining.join()
    truth = committed(url)
    assert not difference(truth, told(resident.events))
    assert not difference(truth, told(traveller.events))


def test_change_waits_for_an_earlier_one_of_a_younger_transaction(
    pair: Pair, server: Server
) -> None:
    """As long as the standby cannot tell the earlier one, the later would be taken back by it."""
    pair.insert("row")
    start = here(pair.primary)
    rename = "update public.form_responses set form_name = %s where form_name = %s"
    with psycopg.connect(server.url("app")) as old, psycopg.connect(server.url("app")) as open_one:
        old.execute(INSERT, (pair.supplier, "old"))
        pair.insert("before")
        open_one.execute(INSERT, (pair.supplier, "open"))
        pair.primary.execute(rename, ("young", "row"))
        old.execute(rename, ("old again", "young"))
        old.commit()
        pair.catch_up()
        told = drained(pair.standby, start)
        assert [row.name for row in told] == ["before"]
        open_one.commit()
    pair.catch_up()
    rest = drained(pair.standby, told[-1].next)
    assert [row.name for row in rest] == ["old", "open", "young", "old again"]
