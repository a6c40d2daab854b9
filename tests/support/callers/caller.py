"""Call the package as somebody: over psycopg, in the way PostgREST does."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb


@dataclass(frozen=True)
class Answer:
    """What an HTTP client would get: the body, and what the function set beside it."""

    body: Any
    status: int | None
    headers: list[dict[str, str]]

    def __getitem__(self, key: str) -> Any:
        """Return one key of a body that is an object."""
        return self.body[key]


@dataclass(frozen=True)
class Caller:
    """Somebody with an open connection; every call is a transaction of its own."""

    connection: psycopg.Connection
    role: str
    claims: dict[str, Any]
    volatile: dict[str, bool] = field(default_factory=dict)  # asked once, as PostgREST does

    def rpc(self, function: str, **arguments: Any) -> Answer:
        """Call public.function with named arguments; dicts travel as jsonb, lists as arrays.

        A function that is not volatile runs in a read-only transaction, as it does over HTTP.
        Raises psycopg.Error when the function raises.
        """
        named = [
            sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder(name))
            for name in arguments
        ]
        # what the function sets is read beside its answer, which is evaluated first
        call = sql.SQL(
            "select {}({}), current_setting('response.status', true),"
            " current_setting('response.headers', true)"
        ).format(sql.Identifier("public", function), sql.SQL(", ").join(named))
        values = {
            name: Jsonb(value) if isinstance(value, dict) else value
            for name, value in arguments.items()
        }
        with self.transaction(read_only=not self._is_volatile(function)) as connection:
            body, status, headers = _one(connection.execute(call, values))
        return Answer(body, int(status) if status else None, json.loads(headers or "[]"))

    def query(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Run one statement as this caller and return its rows."""
        with self.transaction() as connection, connection.cursor(row_factory=dict_row) as cursor:
            # psycopg wants literal text here; tests are the only writers of these statements.
            cursor.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def transaction(self, read_only: bool = False) -> Iterator[psycopg.Connection]:
        """Hold one transaction open as this caller."""
        settings = {
            "role": self.role,
            "request.jwt.claims": json.dumps(self.claims),
            "request.method": "POST",
        } | ({"transaction_read_only": "on"} if read_only else {})
        one = sql.SQL("set_config(%s, %s, true)")
        with self.connection.transaction():
            self.connection.execute(
                sql.SQL("select {}").format(sql.SQL(", ").join([one] * len(settings))),
                [text for setting in settings.items() for text in setting],
            )
            yield self.connection

    def _is_volatile(self, function: str) -> bool:
        if function not in self.volatile:
            (volatility,) = _one(
                self.connection.execute(
                    "select p.provolatile from pg_catalog.pg_proc p"
                    " where p.pronamespace = 'public'::regnamespace and p.proname = %s",
                    (function,),
                )
            )
            self.volatile[function] = volatility == "v"
        return self.volatile[function]


def _one(cursor: psycopg.Cursor[Any]) -> Any:
    row = cursor.fetchone()
    assert row is not None
    return row


@contextmanager
def caller(
    url: str, user_id: UUID | str | None = None, role: str | None = None
) -> Iterator[Caller]:
    """Connect as a user; without one, as anon or another API role.

    user_id: the sub of the claims, a user in auth.users or not.
    role: by default authenticated with a user_id, anon without.
    """
    role = role or ("authenticated" if user_id else "anon")
    claims = {"role": role} | ({"sub": str(user_id)} if user_id else {})
    with psycopg.connect(url, autocommit=True) as connection:
        yield Caller(connection, role, claims)
