"""A connection that calls prepared statements with next to no work on the client's side."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from psycopg import errors
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from wedsync_realtime.connection import server

SETTLE = 0.002  # seconds in which a backend that has answered goes to sleep

_DONE = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


class Session:
    """A connection in autocommit mode; every call is a transaction of its own."""

    def __init__(self, url: str) -> None:
        self._connection = server.connect(url, "wedsync-realtime bench")
        self._pgconn = self._connection.pgconn
        self._schedstat = Path(f"/proc/{self._connection.info.backend_pid}/schedstat")
        self._prepared: dict[str, bytes] = {}

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def run(self, statements: str) -> None:
        """Run statements without parameters."""
        self._connection.execute(statements.encode())

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """Run one statement with %s parameters and return its rows."""
        return self._connection.execute(statement.encode(), values or None).fetchall()

    def value(self, statement: str, *values: Any) -> Any:
        """Run one statement with %s parameters and return the first value of its first row."""
        return self.rows(statement, *values)[0][0]

    def call(self, statement: str, *values: str | int) -> PGresult:
        """Run one statement with $1 parameters, prepared at its first call.

        Raises psycopg.Error.
        """
        name = self._prepared.get(statement)
        if name is None:
            name = self._prepared[statement] = f"bench_{len(self._prepared)}".encode()
            self._check(self._pgconn.prepare(name, statement.encode()))
        parameters: Sequence[bytes] = [str(value).encode() for value in values]
        return self._check(self._pgconn.exec_prepared(name, parameters))

    def cpu_seconds(self) -> float | None:
        """Return the CPU time that the backend has taken; None where there is no /proc."""
        time.sleep(SETTLE)
        try:
            return int(self._schedstat.read_text().split()[0]) / 1e9
        except OSError:
            return None

    def _check(self, result: PGresult) -> PGresult:
        if result.status not in _DONE:
            raise errors.error_from_result(result)
        return result
