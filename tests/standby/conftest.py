"""Fixtures: a primary and its streaming standby, and a listener that may poll either."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.callers.caller import Caller, caller
from tests.support.callers.listener import INSERT, Listener, subscribed
from tests.support.callers.people import People
from tests.support.postgres.servers import Server, caught_up, durable_server


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


@pytest.fixture(scope="module")
def replica(server: Server) -> Iterator[Server]:
    with server.standby() as replica:
        yield replica


@pytest.fixture
def supplier(server: Server) -> UUID:
    """Return a supplier whom no other test knows."""
    return People(server.url("app")).supplier(str(uuid4()))


@pytest.fixture
def owner(server: Server, supplier: UUID) -> UUID:
    return People(server.url("app")).supplier_user(supplier)


@contextmanager
def paired(server: Server, replica: Server, supplier: UUID, owner: UUID) -> Iterator[Pair]:
    """Connect to both for the time of the context; the standby has replayed and goes on to."""
    with (
        psycopg.connect(server.url("app"), autocommit=True) as primary,
        psycopg.connect(replica.url("app"), autocommit=True) as standby,
        caller(server.url("app"), owner) as on_primary,
        caller(replica.url("app"), owner) as on_standby,
    ):
        listener = subscribed(on_primary, "form-responses", {"supplier_id": str(supplier)})
        assert listener.poll()["ready"]
        pair = Pair(primary, standby, on_primary, on_standby, replica, listener, supplier)
        pair.go_on()
        yield pair


@pytest.fixture
def pair(server: Server, replica: Server, supplier: UUID, owner: UUID) -> Iterator[Pair]:
    with paired(server, replica, supplier, owner) as pair:
        yield pair
