"""Connect and call the package's functions, as PostgREST does for a signed-in user."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncClientCursor, AsyncConnection, sql
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb

from wedsync_realtime.connection import conninfo, server
from wedsync_realtime.listener.items import RefusedError, Row

ROLE = "authenticated"

# A network that swallows packets is noticed by the next call or probe.
_DEFAULTS: dict[str, Any] = {
    "application_name": "wedsync-realtime listener",
    "connect_timeout": server.CONNECT_TIMEOUT,
    "keepalives_idle": 15,  # seconds
    "keepalives_interval": 5,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 30000,  # milliseconds
}

# One string without parameters is one round trip and one transaction.
_CALL = sql.SQL(
    "select pg_catalog.set_config('role', {role}, true),"
    " pg_catalog.set_config('request.jwt.claims', {claims}, true);"
    " select {function}({arguments})"
)
_HANG_BELL = sql.SQL(
    "select pg_catalog.set_config('role', {role}, true);"
    " select wedsync_realtime.hang_bell({channels})"
)


async def connect(url: str) -> AsyncConnection[Any]:
    """Open a connection in autocommit mode, as the role that may become `authenticated`.

    url: libpq URL or key=value string.
    Raises BadDatabaseUrlError, psycopg.OperationalError.
    """
    parameters: dict[str, Any] = _DEFAULTS | conninfo.parse_url(url)
    return await AsyncConnection.connect(
        make_conninfo(**parameters, client_encoding="utf8"),
        autocommit=True,
        prepare_threshold=None,
        cursor_factory=AsyncClientCursor,
    )


def claims(user_id: UUID | str) -> str:
    """Return what PostgREST puts into request.jwt.claims for a user."""
    return json.dumps({"sub": str(user_id), "role": ROLE})


async def call(
    connection: AsyncConnection[Any], user_id: UUID | str, function: str, **arguments: Any
) -> Row:
    """Call public.function as a user, in a transaction of its own, and return its answer.

    Raises RefusedError, psycopg.Error.
    """
    named = [
        sql.SQL("{} => {}").format(
            sql.Identifier(name), Jsonb(value) if isinstance(value, dict) else value
        )
        for name, value in arguments.items()
    ]
    query = _CALL.format(
        role=ROLE,
        claims=claims(user_id),
        function=sql.Identifier("public", function),
        arguments=sql.SQL(", ").join(named),
    )
    cursor = await connection.execute(query)
    cursor.nextset()
    row = await cursor.fetchone()
    if row is None or not isinstance(row[0], dict):
        raise psycopg.DataError(f"public.{function} answered no object")
    answer: Row = row[0]
    if answer.get("success") is False:
        raise RefusedError(answer)
    return answer


async def hang_bell(connection: AsyncConnection[Any], channels: Sequence[str]) -> int | None:
    """Have the next writer on channels wake this connection; return when that last happened.

    Returns milliseconds, to be compared, or None where nobody will be woken.
    Raises psycopg.Error.
    """
    cursor = await connection.execute(_HANG_BELL.format(role=ROLE, channels=list(channels)))
    cursor.nextset()
    row = await cursor.fetchone()
    rung: int | None = row[0] if row else None
    return rung
