"""Fixtures: users of suppliers who may leave a transaction open, and a superuser beside them."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.listener import ActAs, Listener, subscribed
from tests.support.callers.people import People
from tests.support.waiting import PATIENCE

SUBSCRIBE = "select public.realtime_subscribe(%s, jsonb_build_object('supplier_id', %s::text))"
POLL = "select public.realtime_poll(%s, %s)"


@pytest.fixture
def admin(database: str) -> Iterator[psycopg.Connection]:
    """Yield a superuser's connection in autocommit mode, which does not wait for ever."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"set statement_timeout = '{PATIENCE}s'".encode())
        yield connection


@pytest.fixture
def supplier(people: People) -> UUID:
    return people.supplier()


@pytest.fixture
def user_of(people: People, act_as: ActAs) -> Callable[..., Caller]:
    """Return who opens a connection as a named user of a supplier; it does not wait for ever."""

    def open_connection(supplier: UUID, name: str = "user") -> Caller:
        caller = act_as(people.supplier_user(supplier, name))
        caller.connection.execute(f"set statement_timeout = '{PATIENCE}s'".encode())
        return caller

    return open_connection


def value(connection: psycopg.Connection, query: str, *values: object) -> Any:
    row = connection.execute(query.encode(), values or None).fetchone()
    assert row is not None
    return row[0]


def run(admin: psycopg.Connection, job: str) -> None:
    """Run a job, which raises when it fails."""
    admin.execute("call wedsync_realtime.run_job(%s)", (job,))


def on_responses(caller: Caller, supplier: UUID) -> Listener:
    return subscribed(caller, "form-responses", {"supplier_id": str(supplier)})
