"""Many callers at once: real connections, let go together, each answer or SQLSTATE collected."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Barrier
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import psycopg

from tests.support.callers.script import become, call

Work: TypeAlias = Callable[[psycopg.Connection], Any]


@dataclass(frozen=True)
class Crowd:
    """So many open connections, each used by one thread at a time."""

    connections: Sequence[psycopg.Connection]
    pool: ThreadPoolExecutor

    def at_once(self, works: Sequence[Work]) -> list[Any]:
        """Run each work in a transaction on its own connection, all let go by one barrier.

        Returns what each returned, or the SQLSTATE with which it failed.
        """
        barrier = Barrier(len(works))

        def run(connection: psycopg.Connection, work: Work) -> Any:
            barrier.wait()
            return outcome(connection, work)

        running = [
            self.pool.submit(run, connection, work)
            for connection, work in zip(self.connections, works, strict=False)
        ]
        return [each.result() for each in running]


def outcome(connection: psycopg.Connection, work: Work) -> Any:
    """Run a work in a transaction; return its result, or the SQLSTATE when it fails."""
    try:
        with connection.transaction():
            return work(connection)
    except psycopg.Error as error:
        return error.sqlstate


@contextmanager
def crowd(url: str, size: int) -> Iterator[Crowd]:
    """Open a crowd on a database, where deadlocks are found soon, but after what gives way."""
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(size))
        connections = []
        for _ in range(size):
            connection = stack.enter_context(psycopg.connect(url, autocommit=True))
            connection.execute("set deadlock_timeout = '250ms'")
            connections.append(connection)
        yield Crowd(connections, pool)


def subscribing(user: UUID, filters: dict[str, Any], *channels: str) -> Work:
    """Return the work of subscribing under a connection id of its own."""

    def work(connection: psycopg.Connection) -> Any:
        become(connection, user)
        names = list(channels) or ["form-responses"]
        answer = call(connection, "realtime_subscribe", names, filters, uuid4())
        return answer.get("code", "subscribed") if answer else "null"

    return work


def calling(user: UUID | None, function: str, *arguments: Any, role: str | None = None) -> Work:
    """Return the work of one call."""

    def work(connection: psycopg.Connection) -> Any:
        become(connection, user, role)
        return call(connection, function, *arguments)

    return work


def doing(statement: str, *values: Any) -> Work:
    """Return the work of one statement as superuser."""
    return lambda connection: connection.execute(statement.encode(), values).rowcount


def leases(connection: psycopg.Connection) -> int:
    """Return how many leases there are, after checking that the counters agree."""
    wrong = connection.execute(
        "select t.tenant_id, t.subscriptions, count(s.id) from wedsync_realtime.tenants as t"
        " left join public.realtime_subscriptions as s on s.tenant_id = t.tenant_id"
        " group by t.tenant_id having count(s.id) <> t.subscriptions"
    ).fetchall()
    assert not wrong
    row = connection.execute("select count(*) from public.realtime_subscriptions").fetchone()
    assert row is not None
    return int(row[0])
