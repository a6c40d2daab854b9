"""Read the monitoring views as the monitor role, and come back after the database went away."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from wedsync_realtime.connection import conninfo, server
from wedsync_realtime.errors import LostConnectionError, NotDeployedError, NotMonitorError
from wedsync_realtime.record import ledger

ROLE = "wedsync_realtime_monitor"
PATIENCE = 10  # seconds a query may take, and a lock may be waited for

# Per transaction, not per session, so that it also holds behind a transaction pooler.
_AS_MONITOR = (
    f"set local role {ROLE}; set local statement_timeout = '{PATIENCE}s';"
    f" set local lock_timeout = '{PATIENCE}s';"
    " set local jit = off"  # compiling a view takes longer than reading it
)

# A server that vanished without a word is given up after that time too, not after hours.
_GIVE_UP = {"tcp_user_timeout": PATIENCE * 1000, "keepalives_idle": PATIENCE}

Row = dict[str, Any]


@dataclass
class Reader:
    """One connection, opened when needed and shared by threads in turn.

    url: database. name: what pg_stat_activity shows.
    """

    url: str
    name: str
    _connection: Connection[Row] | None = field(default=None, init=False)
    _is_checked: bool = field(default=False, init=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False)

    def read(
        self, queries: Mapping[str, LiteralString], arguments: Mapping[str, Any] | None = None
    ) -> dict[str, list[Row]]:
        """Return the rows of several queries, all of one moment.

        Raises LostConnectionError, UnreachableDatabaseError, NotDeployedError, NotMonitorError,
        and psycopg.Error for what else the server refuses.
        """
        begin: LiteralString = "begin isolation level repeatable read, read only"
        with self._transaction(begin) as connection:
            return {
                name: connection.execute(query, arguments).fetchall()
                for name, query in queries.items()
            }

    def read_undone(self, query: LiteralString, arguments: Mapping[str, Any]) -> list[Row]:
        """Return the rows of a query that tries a change out; the change is rolled back.

        Raises what `read` raises.
        """
        with self._transaction("begin read write") as connection:
            return connection.execute(query, arguments).fetchall()

    def close(self) -> None:
        """Close the connection; the next read opens another."""
        with self._turn:
            self._forget()

    @contextmanager
    def _transaction(self, begin: LiteralString) -> Iterator[Connection[Row]]:
        """Hold a transaction of the monitor open, which is always rolled back."""
        with self._turn:
            try:
                connection = self._open()
                connection.execute(begin)
                connection.execute(_AS_MONITOR)
                self._check(connection)
                yield connection
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if self._connection is None or not self._connection.broken:
                    raise
                raise LostConnectionError(
                    f"The connection to {conninfo.display_name(self.url)} broke: {_first(error)}",
                    "It is opened again by itself as soon as the server answers.",
                ) from None
            except psycopg.errors.InsufficientPrivilege as error:
                if ROLE not in _first(error):
                    raise
                user = sql.Identifier(connection.info.user).as_string(connection)
                raise NotMonitorError(
                    _first(error), f"As a superuser run `grant {ROLE} to {user}`."
                ) from None
            except psycopg.errors.InvalidParameterValue as error:
                if ROLE not in _first(error):
                    raise
                raise self._not_deployed() from None
            finally:
                self._roll_back()

    def _open(self) -> Connection[Row]:
        if self._connection is None:
            parameters = _GIVE_UP | conninfo.parse_url(self.url)
            self._connection = server.connect(make_conninfo(**parameters), self.name)
            self._is_checked = False
        return self._connection

    def _check(self, connection: Connection[Row]) -> None:
        if not self._is_checked:
            if not ledger.exists(connection):
                raise self._not_deployed()
            connection.row_factory = dict_row
            self._is_checked = True

    def _not_deployed(self) -> NotDeployedError:
        place = conninfo.display_name(self.url)
        return NotDeployedError(f"The package is not in {place}.", "Run `make migrate`.")

    def _roll_back(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.execute("rollback")
        except psycopg.Error:
            self._forget()

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _first(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error).strip().partition("\n")[0]
