"""Fixtures: a supplier, somebody who listens to its form responses, and writers beside them."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.listener import ActAs, Connect, Listener, subscribed
from tests.support.callers.people import People


@pytest.fixture
def connect(database: str) -> Iterator[Connect]:
    """Open connections as the superuser; each transaction is begun by the first statement."""
    opened: list[psycopg.Connection] = []

    def open_connection() -> psycopg.Connection:
        opened.append(psycopg.connect(database))
        return opened[-1]

    yield open_connection
    for connection in opened:
        connection.close()


@pytest.fixture
def admin(connect: Connect) -> psycopg.Connection:
    """Return a connection whose every statement commits."""
    connection = connect()
    connection.autocommit = True
    return connection


@pytest.fixture
def supplier(people: People) -> UUID:
    return people.supplier()


@pytest.fixture
def owner(people: People, act_as: ActAs, supplier: UUID) -> Caller:
    return act_as(people.supplier_user(supplier))


@pytest.fixture
def listener(owner: Caller, supplier: UUID) -> Listener:
    """Return a listener on the supplier's form responses."""
    return subscribed(owner, "form-responses", {"supplier_id": str(supplier)})
