"""Standby: the feed polled on a streaming replica, lagging or not, and after its promotion."""

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.caller import Caller, caller
from tests.support.listener import INSERT, Listener, subscribed
from tests.support.load import Poller, Threads, Writer, committed, difference, install_journal, told
from tests.support.people import People
from tests.support.servers import Server, caught_up, durable_server


@dataclass
class Pair:
    """A primary and its standby, with connections, and a listener that may poll either."""

    primary: psycopg.Connection
    standby: psycopg.Connection
    on_primary: Caller
    on_standby: Caller
    replica: Server
    listener: Listener
    supplier: UUID

    def insert(self, *names: str) -> None:
        """Insert rows, each in a transaction of its own."""
        for name in names:
            self.primary.execute(INSERT, (self.supplier, name))

    def catch_up(self) -> None:
        """Wait until the standby has replayed everything."""
        caught_up(self.primary, self.standby)

    def pause(self) -> None:
        """Let the standby fall behind from here on."""
        self.catch_up()
        self.standby.execute("select pg_wal_replay_pause()")

    def go_on(self) -> None:
        """Let the standby replay again, and wait until it has."""
        self.standby.execute("select pg_wal_replay_resume()")
        self.catch_up()

    def heard(self, where: Caller, max_events: int = 100) -> list[str]:
        """Return what the listener is told there: the names of forms."""
        self.listener.caller = where
        events = self.listener.events(max_events=max_events)
        return [event["new"]["form_name"] for event in events]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with durable_server("app") as server:
        yield server


@pytest.fixture
def supplier(server: Server) -> UUID:
    """Return a supplier whom no other test knows."""
    return People(server.url("app")).supplier(str(uuid4()))


@pytest.fixture
def owner(server: Server, supplier: UUID) -> UUID:
    return People(server.url("app")).supplier_user(supplier)


@pytest.fixture
def pair(server: Server, supplier: UUID, owner: UUID) -> Iterator[Pair]:
    with (
        server.standby(f"standby-{supplier}") as replica,
        psycopg.connect(server.url("app"), autocommit=True) as primary,
        psycopg.connect(replica.url("app"), autocommit=True) as standby,
        caller(server.url("app"), owner) as on_primary,
        caller(replica.url("app"), owner) as on_standby,
    ):
        listener = subscribed(on_primary, "form-responses", {"supplier_id": str(supplier)})
        assert listener.poll()["ready"]
        pair = Pair(primary, standby, on_primary, on_standby, replica, listener, supplier)
        pair.catch_up()
        yield pair


def test_commits_out_of_order_are_each_told_once(pair: Pair, server: Server) -> None:
    with psycopg.connect(server.url("app")) as slow:
        slow.execute(INSERT, (pair.supplier, "slow"))
        pair.insert("quick")
        pair.catch_up()
        # A standby cannot tell what runs: it waits for whatever began before.
        assert pair.heard(pair.on_standby) == []
        slow.commit()
    pair.insert("late")
    pair.catch_up()
    assert pair.heard(pair.on_standby) == ["slow", "quick", "late"]
    assert pair.heard(pair.on_standby) == []
    assert pair.heard(pair.on_primary) == []


@pytest.mark.parametrize("resyncs", [False, True], ids=["cursor", "resync"])
def test_change_waits_for_an_earlier_one_of_a_younger_transaction(
    pair: Pair, server: Server, resyncs: bool
) -> None:
    """As long as the standby cannot tell the earlier one, the later would be taken back by it."""
    pair.insert("row", "other")
    if resyncs:
        pair.primary.execute("truncate public.form_responses")
        pair.insert("row", "other")
    else:
        assert pair.heard(pair.on_primary) == ["row", "other"]
    rename = "update public.form_responses set form_name = %s where form_name = %s"
    with psycopg.connect(server.url("app")) as old, psycopg.connect(server.url("app")) as open_one:
        old.execute(INSERT, (pair.supplier, "old"))
        pair.insert("before")
        open_one.execute(INSERT, (pair.supplier, "open"))
        pair.primary.execute(rename, ("young", "row"))
        old.execute(rename, ("old again", "young"))
        old.execute(rename, ("old, too", "other"))
        old.commit()
        pair.catch_up()
        pair.listener.caller = pair.on_standby
        answer = pair.listener.poll()
        assert answer["resyncRequired"] == resyncs
        told = [event["new"]["form_name"] for event in answer["events"]]
        assert told == ([] if resyncs else ["before"])
        assert not pair.listener.poll()["events"]
        open_one.commit()
    pair.catch_up()
    assert pair.heard(pair.on_standby) == ["old", "open", "young", "old again", "old, too"]
    assert pair.heard(pair.on_standby) == []


def test_standby_goes_on_beside_transactions_that_overlap(pair: Pair, server: Server) -> None:
    """Each begins before the one before it ends, and they change no row of each other."""
    with psycopg.connect(server.url("app")) as one, psycopg.connect(server.url("app")) as two:
        for number in range(6):
            current, other = (one, two) if number % 2 else (two, one)
            current.execute(INSERT, (pair.supplier, f"begin {number}"))
            pair.insert(f"beside {number}")
            other.execute(INSERT, (pair.supplier, f"end {number}"))
            other.commit()
        pair.catch_up()
        told = pair.heard(pair.on_standby)
    assert "beside 4" in told
    assert "beside 5" not in told
    pair.catch_up()
    assert pair.heard(pair.on_standby) == ["begin 5", "beside 5"]


def test_changes_that_follow_each_other_on_a_row_wait_together(pair: Pair, server: Server) -> None:
    pair.insert("row")
    assert pair.heard(pair.on_primary) == ["row"]
    touch = "update public.form_responses set status = %s where form_name = 'row'"
    with psycopg.connect(server.url("app")) as open_one:
        olds = [psycopg.connect(server.url("app")) for _ in range(60)]
        for old in olds:
            old.execute("select pg_current_xact_id()")
        open_one.execute(INSERT, (pair.supplier, "open"))
        pair.primary.execute(touch, ("young",))
        for number, old in enumerate(olds):
            old.execute(touch, (f"old {number}",))
            old.commit()
            old.close()
        pair.catch_up()
        assert pair.heard(pair.on_standby) == []
        open_one.commit()
    pair.catch_up()
    pair.listener.caller = pair.on_standby
    statuses = [event["new"]["status"] for event in pair.listener.events()]
    assert statuses == [None, "young", *(f"old {number}" for number in range(60))]


def test_change_waits_for_all_that_went_before_it_in_waiting_transactions(
    pair: Pair, server: Server
) -> None:
    """Also for what such a transaction recorded before anything that the standby cannot tell."""
    pair.insert("one", "two")
    assert pair.heard(pair.on_primary) == ["one", "two"]
    touch = "update public.form_responses set status = %s where form_name = %s"
    url = server.url("app")
    with (
        psycopg.connect(url) as oldest,
        psycopg.connect(url) as old,
        psycopg.connect(url) as open_one,
    ):
        oldest.execute("select pg_current_xact_id()")
        old.execute(touch, ("first", "one"))
        open_one.execute("select pg_current_xact_id()")
        pair.primary.execute(touch, ("young", "two"))
        old.execute(touch, ("old", "two"))
        old.commit()
        oldest.execute(touch, ("last", "one"))
        oldest.commit()
        pair.catch_up()
        assert pair.heard(pair.on_standby) == []
        open_one.commit()
    pair.catch_up()
    statuses = [event["new"]["status"] for event in pair.listener.events()]
    assert statuses == ["first", "young", "old", "last"]


def test_reset_waits_for_an_earlier_change_of_a_younger_transaction(
    pair: Pair, server: Server
) -> None:
    """Told after the copy was read anew, the change would bring a row back that is gone."""
    with psycopg.connect(server.url("app")) as old, psycopg.connect(server.url("app")) as open_one:
        old.execute("select pg_current_xact_id()")
        open_one.execute("select pg_current_xact_id()")
        pair.insert("gone")
        old.execute("truncate public.form_responses")
        old.commit()
        pair.catch_up()
        assert pair.heard(pair.on_standby) == []
        open_one.commit()
    pair.catch_up()
    answer = pair.listener.poll()
    assert (answer["reason"], answer["events"]) == ("truncated", [])
    pair.insert("kept")
    pair.catch_up()
    assert pair.heard(pair.on_standby) == ["kept"]


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


def test_promotion_is_told(pair: Pair) -> None:
    pair.insert("one")
    pair.catch_up()
    assert pair.heard(pair.on_primary) == ["one"]
    cursors = [pair.listener.cursor]
    pair.insert("two")
    pair.catch_up()
    assert pair.heard(pair.on_standby) == ["two"]
    cursors.append(pair.listener.cursor)
    pair.replica.promote()
    pair.listener.caller = pair.on_standby
    for pair.listener.cursor in cursors:
        answer = pair.listener.poll()
        assert (answer["resyncRequired"], answer["reason"]) == (True, "epoch_changed")
        assert answer["events"] == []
    pair.standby.execute(INSERT, (pair.supplier, "three"))
    assert pair.heard(pair.on_standby) == ["three"]
