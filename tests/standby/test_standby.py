"""Standby: the feed polled on a streaming replica, lagging or not, and after its promotion."""

import random
import threading
from collections.abc import Iterator
from functools import partial
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.standby.conftest import Pair, paired
from tests.support.callers.listener import INSERT, subscribed
from tests.support.callers.load import (
    Poller,
    Threads,
    Writer,
    committed,
    difference,
    install_journal,
    told,
)
from tests.support.postgres.servers import Server


def test_standby_that_is_behind_tells_nothing_and_keeps_the_cursor(pair: Pair) -> None:
    pair.pause()
    pair.insert("one", "two")
    assert pair.heard(pair.on_primary) == ["one", "two"]
    before = pair.listener.cursor
    assert pair.heard(pair.on_standby) == []
    assert pair.listener.cursor == before
    pair.go_on()
    assert pair.heard(pair.on_standby) == []
    pair.insert("three")
    pair.catch_up()
    assert pair.heard(pair.on_standby) == ["three"]


def test_page_cut_on_the_primary_goes_on_at_a_standby_that_is_behind(pair: Pair) -> None:
    pair.pause()
    pair.insert("one", "two", "three")
    first = pair.listener.poll(max_events=1)
    assert [event["new"]["form_name"] for event in first["events"]] == ["one"]
    assert first["hasMore"]
    assert pair.heard(pair.on_standby) == []
    pair.go_on()
    rest = pair.heard(pair.on_standby, max_events=1) + pair.heard(pair.on_standby)
    assert rest == ["two", "three"]
    assert pair.heard(pair.on_primary) == []


def test_poll_without_a_cursor_and_refusals_write_nothing(pair: Pair) -> None:
    pair.insert("one")
    pair.catch_up()
    pair.listener.cursor = None
    assert pair.heard(pair.on_standby) == ["one"]
    for arguments, code in (
        ({"channel": pair.listener.channel + "0"}, "subscription_not_found"),
        ({"channel": pair.listener.channel, "cursor": "none"}, "invalid_request"),
        ({"channel": pair.listener.channel, "max_events": 0}, "invalid_request"),
    ):
        answer = pair.on_standby.rpc("realtime_poll", **arguments)
        assert (answer["success"], answer["code"]) == (False, code)


def test_clients_may_go_back_and_forth_under_load(
    pair: Pair, server: Server, owner: UUID, supplier: UUID
) -> None:
    """One poller on the standby, one that asks primary or standby by chance."""
    url = server.url("app")
    install_journal(url, supplier)
    resident, traveller = (
        Poller(
            subscribed(
                pair.on_primary,
                "form-responses",
                {"supplier_id": str(supplier)},
                connection_id=uuid4(),
            ),
            page,
        )
        for page in (100, 7)
    )
    pair.catch_up()
    rng = random.Random(7)
    over = threading.Event()

    def write(number: int) -> None:
        writer = Writer(supplier, number, random.Random(number))
        with psycopg.connect(url, autocommit=True) as connection:
            for _ in range(40):
                writer.transact(connection)
            writer.decide(connection)

    def travel() -> None:
        while not over.is_set():
            traveller.listener.caller = rng.choice([pair.on_primary, pair.on_standby])
            traveller.once()

    polling = Threads([travel, partial(resident.run, pair.replica.url("app"), owner, over)])
    try:
        Threads(partial(write, number) for number in range(6)).join()
        pair.catch_up()
    finally:
        over.set()
        polling.join()
    while traveller.once():
        pass
    truth = committed(url)
    assert not difference(truth, told(resident.events))
    assert not difference(truth, told(traveller.events))


@pytest.fixture
def promotable(server: Server, supplier: UUID, owner: UUID) -> Iterator[Pair]:
    with (
        server.standby("promotable") as replica,
        paired(server, replica, supplier, owner) as pair,
    ):
        yield pair


def test_promotion_is_told(promotable: Pair) -> None:
    promotable.insert("one")
    promotable.catch_up()
    assert promotable.heard(promotable.on_primary) == ["one"]
    cursors = [promotable.listener.cursor]
    promotable.insert("two")
    promotable.catch_up()
    assert promotable.heard(promotable.on_standby) == ["two"]
    cursors.append(promotable.listener.cursor)
    promotable.replica.promote()
    promotable.listener.caller = promotable.on_standby
    for promotable.listener.cursor in cursors:
        answer = promotable.listener.poll()
        assert (answer["resyncRequired"], answer["reason"]) == (True, "epoch_changed")
        assert answer["events"] == []
    promotable.standby.execute(INSERT, (promotable.supplier, "three"))
    assert promotable.heard(promotable.on_standby) == ["three"]
