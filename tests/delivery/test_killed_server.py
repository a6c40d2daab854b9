"""Killed server: what was committed is delivered after recovery, once, to cursors from before."""

import os
import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.callers.caller import Caller, caller
from tests.support.callers.listener import INSERT, Listener, subscribed
from tests.support.callers.load import (
    Poller,
    Threads,
    Writer,
    committed,
    difference,
    install_journal,
    told,
)
from tests.support.callers.people import People
from tests.support.postgres.servers import Server, durable_server
from tests.support.waiting import until

KILLS = 20 if os.environ.get("WEDSYNC_LONG") else 3
WRITERS = 6
PAGES = (7, 100)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with durable_server("app") as server:
        yield server


@pytest.fixture
def url(server: Server) -> str:
    return server.url("app")


@pytest.fixture
def supplier(url: str) -> UUID:
    """Return a supplier whom no other test knows."""
    return People(url).supplier(str(uuid4()))


@pytest.fixture
def owner(url: str, supplier: UUID) -> UUID:
    return People(url).supplier_user(supplier)


def subscription(owner: Caller, supplier: UUID) -> Listener:
    """Return a listener, settled, whose next polls write nothing."""
    listener = subscribed(
        owner, "form-responses", {"supplier_id": str(supplier)}, connection_id=uuid4()
    )
    assert listener.poll()["ready"]
    return listener


def write_until_killed(url: str, writer: Writer) -> None:
    """Write until the connection is gone."""
    try:
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            while True:
                writer.transact(connection)
    except psycopg.OperationalError:
        writer.prepared = None


def wait_for_work(writers: list[Writer], rows: int) -> None:
    """Wait until each writer has committed something more, and all of them so many rows."""
    before = [len(writer.acknowledged) for writer in writers]

    def is_done() -> bool:
        new = [len(writer.acknowledged) - old for writer, old in zip(writers, before, strict=True)]
        return all(new) and sum(new) >= rows

    until(is_done)


def poll_until_killed(url: str, user: UUID, poller: Poller) -> None:
    """Poll until the connection is gone; what was not answered was not told."""
    try:
        poller.run(url, user, threading.Event())
    except psycopg.OperationalError:
        return


def decide_prepared(url: str, rng: random.Random) -> None:
    """Commit or roll back the transactions that the killed server had prepared."""
    with psycopg.connect(url, autocommit=True) as connection:
        for (name,) in connection.execute("select gid from pg_prepared_xacts").fetchall():
            connection.execute(f"{rng.choice(['commit', 'rollback'])} prepared '{name}'".encode())


@pytest.mark.timeout(1200)
def test_nothing_is_missing_or_twice_after_kills_under_load(
    server: Server, url: str, supplier: UUID, owner: UUID
) -> None:
    install_journal(url, supplier)
    rng = random.Random(4)
    writers = [Writer(supplier, number, random.Random(number)) for number in range(WRITERS)]
    with caller(url, owner) as first:
        pollers = [Poller(subscription(first, supplier), page) for page in PAGES]
    for _ in range(KILLS):
        threads = Threads(
            [
                *(partial(write_until_killed, url, writer) for writer in writers),
                *(partial(poll_until_killed, url, owner, poller) for poller in pollers),
            ]
        )
        wait_for_work(writers, rng.randint(5, 150))
        server.kill()
        threads.join()
        server.start()
        decide_prepared(url, rng)

    over = threading.Event()
    over.set()
    for poller in pollers:
        poller.run(url, owner, over)
    truth = committed(url)
    names = {name for changes in truth.values() for operation, _, name in changes if name}
    for writer in writers:
        assert writer.acknowledged
        assert writer.acknowledged <= names
    for poller in pollers:
        assert not difference(truth, told(poller.events)), poller.page


def test_transaction_ids_that_the_crash_took_back_hide_nothing(
    server: Server, url: str, supplier: UUID, owner: UUID
) -> None:
    """Ids of transactions rolled back shortly before are given out again after recovery.

    Their records were never flushed. A cursor from before must not take the new ones for seen.
    """
    next_id = "select pg_current_xact_id()::text::bigint"
    lost = again = 0
    while again >= lost:  # once more where the WAL writer has come between
        with ExitStack() as stack:
            listener = subscription(stack.enter_context(caller(url, owner)), supplier)
            writer = stack.enter_context(psycopg.connect(url))
            for _ in range(20):
                (lost,) = writer.execute(next_id).fetchone() or (0,)
                writer.rollback()
            assert listener.events() == []
            server.kill()
        server.start()
        with psycopg.connect(url) as reader:
            (again,) = reader.execute(next_id).fetchone() or (0,)

    with caller(url, owner) as listener.caller, psycopg.connect(url, autocommit=True) as writer:
        names = [str(number) for number in range(40)]
        for name in names:
            writer.execute(INSERT, (supplier, name))
        assert [event["new"]["form_name"] for event in listener.events()] == names
        assert listener.events() == []


@pytest.mark.parametrize("ending", ["killed", "stopped"])
def test_prepared_transaction_keeps_a_topic_from_being_ready_across_a_restart(
    server: Server, url: str, supplier: UUID, owner: UUID, ending: str
) -> None:
    filters = {"supplier_id": str(supplier)}
    with ExitStack() as stack:
        writer = stack.enter_context(psycopg.connect(url, autocommit=True))
        writer.execute("update wedsync_realtime.settings set notify_enabled = false")
        writer.execute("begin")
        writer.execute(INSERT, (supplier, "before the topic"))
        writer.execute(f"prepare transaction '{supplier}'".encode())
        user = stack.enter_context(caller(url, owner))
        listener = subscribed(user, "form-responses", filters)
        assert not listener.poll()["ready"]
        if ending == "killed":
            server.kill()
    if ending == "stopped":
        server.stop()
    server.start()

    with caller(url, owner) as listener.caller, psycopg.connect(url, autocommit=True) as writer:
        was_ready = listener.poll()["ready"]
        writer.execute(f"commit prepared '{supplier}'".encode())
        assert not was_ready
        assert listener.poll()["ready"]
