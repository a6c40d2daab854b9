"""The relay's connections to PostgreSQL, and what it asks there."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb

from wedsync_realtime.connection import conninfo, server
from wedsync_realtime.errors import (
    NotDeployedError,
    NotRelayError,
    UnsupportedServerError,
)

ROLE = "wedsync_realtime_relay"
LEADER_LOCK = 7_305_808_869_231_650_145  # of this package's relays
PATIENCE = 10  # seconds for a statement

Pair = tuple[UUID, UUID]  # user and connection

# A network that swallows packets is noticed by the next statement.
_DEFAULTS: dict[str, Any] = {
    "application_name": "wedsync-realtime relay",
    "connect_timeout": server.CONNECT_TIMEOUT,
    "keepalives_idle": 15,  # seconds
    "keepalives_interval": 5,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 15000,  # milliseconds
}

_STATE = """
    select
        pg_catalog.pg_is_in_recovery(),
        pg_catalog.to_regnamespace('wedsync_realtime') is not null,
        (
            select pg_catalog.count(*)
            from pg_catalog.pg_proc as p
            inner join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
            where
                n.nspname = 'wedsync_realtime'
                and p.proname in ('drain', 'admit', 'keep_alive', 'hang_relay_bell')
        ) = 4
"""


async def connect(url: str) -> AsyncConnection[Any]:
    """Open a connection in autocommit mode that may do what a relay does, and no more.

    Raises BadDatabaseUrlError, psycopg.Error, NotDeployedError, NotRelayError,
    UnsupportedServerError.
    """
    parameters: dict[str, Any] = _DEFAULTS | conninfo.parse_url(url)
    connection = await AsyncConnection.connect(
        make_conninfo(**parameters, client_encoding="utf8"), autocommit=True
    )
    try:
        await _check(connection)
        await connection.execute(
            "select pg_catalog.set_config('role', %s, false),"
            " pg_catalog.set_config('statement_timeout', %s, false)",
            (ROLE, f"{PATIENCE}s"),
        )
    except psycopg.errors.InsufficientPrivilege:
        user = sql.Identifier(connection.info.user).as_string(connection)
        await connection.close()
        raise NotRelayError(
            f"{conninfo.display_name(url)}: the user is no member of {ROLE}.",
            f"As the owner run `grant {ROLE} to {user}`.",
        ) from None
    except BaseException:
        await connection.close()
        raise
    return connection


async def _check(connection: AsyncConnection[Any]) -> None:
    row = await (await connection.execute(_STATE)).fetchone()
    is_standby, is_there, has_drain = row or (False, False, False)
    if not is_there:
        raise NotDeployedError("The package is not in this database.", "Run `make migrate`.")
    if not has_drain:
        raise NotDeployedError(
            "The package in this database is older than the relay.", "Run `make migrate`."
        )
    if is_standby:
        raise UnsupportedServerError(
            "The server is a standby, where no lease can be renewed.",
            "Point DATABASE_URL at the primary.",
        )


class Pool:
    """A few connections, opened when needed, for what clients ask."""

    def __init__(self, url: str, size: int) -> None:
        self._url = url
        self._turns = asyncio.Semaphore(size)  # which is fair: who came first is served first
        self._free: list[AsyncConnection[Any]] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        """Hold a connection for the time of the context; raises what connect raises."""
        async with self._turns:
            held = self._free.pop() if self._free else await connect(self._url)
            try:
                yield held
            finally:
                # broken, or left in the middle of a statement, it is of no use to the next
                if held.info.transaction_status == TransactionStatus.IDLE:
                    self._free.append(held)
                else:
                    await held.close()

    async def close(self) -> None:
        """Close those that nobody holds."""
        while self._free:
            await self._free.pop().close()

    async def admit(self, claims: dict[str, Any], connection_id: UUID) -> dict[str, Any]:
        """Return who a client is and on which subjects it may listen, or the refusal."""
        answer: dict[str, Any] = await self._value(
            "select wedsync_realtime.admit(%s, %s)", Jsonb(claims), connection_id
        )
        return answer

    async def keep_alive(self, pairs: Sequence[Pair]) -> int:
        """Renew the leases of connections that are up."""
        return int(await self._value("select wedsync_realtime.keep_alive(%s, %s)", *_split(pairs)))

    async def renewal_interval(self) -> float:
        """Return the seconds in which leases are to be renewed again."""
        interval: timedelta = await self._value("select wedsync_realtime.renewal_interval()")
        return interval.total_seconds()

    async def doubt_connections(self, pairs: Sequence[Pair]) -> int:
        """Have the leases of connections that are gone tell whether they are used otherwise."""
        statement = "select wedsync_realtime.doubt_connections(%s, %s)"
        return int(await self._value(statement, *_split(pairs)))

    async def close_connections(self, pairs: Sequence[Pair]) -> int:
        """End the leases in doubt that nobody has used since."""
        statement = "select wedsync_realtime.close_connections(%s, %s)"
        return int(await self._value(statement, *_split(pairs)))

    async def report(self, state: dict[str, Any]) -> None:
        """Put on record what the relay says of itself."""
        await self._value("select wedsync_realtime.report_relay(%s)", Jsonb(state))

    async def _value(self, statement: Any, *values: Any) -> Any:
        async with self.connection() as held:
            row = await (await held.execute(statement, values)).fetchone()
        return row[0] if row else None


def _split(pairs: Sequence[Pair]) -> tuple[list[UUID], list[UUID]]:
    return [user for user, _ in pairs], [connection for _, connection in pairs]


async def prepare(connection: AsyncConnection[Any]) -> None:
    """Have a connection woken by the bell, and ready to drain.

    What it writes are gates, for the time that it sleeps: no commit waits for the disk.
    """
    await connection.execute("listen wedsync_realtime")
    await connection.execute("set synchronous_commit = off")
    await connection.execute("prepare hang_bell as select wedsync_realtime.hang_relay_bell()")
    await connection.execute(
        "prepare drain (text, integer) as"
        " select d.kind, d.id, d.subjects, d.body::text, d.cursor, d.next"
        " from wedsync_realtime.drain($1, $2) as d"
    )


async def drain(connection: AsyncConnection[Any], position: str | None, most: int) -> list[Any]:
    """Return what has been committed since a position: kind, id, subjects, body, cursor, next.

    Sent as text, it is what its transaction begins with, and drain sees that it is: the position
    that it answers then lets the next one tell at a glance that nothing is new.
    """
    async with psycopg.AsyncClientCursor(connection, row_factory=namedtuple_row) as cursor:
        await cursor.execute("execute drain (%s, %s)", (position, most))
        return list(await cursor.fetchall())


async def hang_and_drain(
    connection: AsyncConnection[Any], position: str | None, most: int
) -> tuple[bool, list[Any]]:
    """Have the next writer wake this connection, which listens, and drain after that.

    Tells whether a writer will. One message, because waking up costs a server more than either.
    """
    async with psycopg.AsyncClientCursor(connection, row_factory=namedtuple_row) as cursor:
        both = "begin; execute hang_bell; commit; execute drain (%s, %s)"
        await cursor.execute(both, (position, most))
        cursor.nextset()
        (rings,) = await cursor.fetchall()
        cursor.nextset()
        cursor.nextset()
        return rings[0], list(await cursor.fetchall())


async def try_lead(connection: AsyncConnection[Any]) -> bool:
    """Take the lock of the relay that reads the feed; tell whether it was free."""
    row = await (
        await connection.execute("select pg_catalog.pg_try_advisory_lock(%s)", (LEADER_LOCK,))
    ).fetchone()
    return bool(row and row[0])
