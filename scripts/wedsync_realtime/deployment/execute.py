"""Run one script on a connection, and say what went wrong where."""

from time import perf_counter
from typing import Any, NoReturn

import psycopg
from psycopg import Connection, generators, pq

from wedsync_realtime.errors import LostConnectionError, ScriptError
from wedsync_realtime.source import sqltext
from wedsync_realtime.source.scripts import Script

FIXES = {
    "42501": "Deploy as a role that has the privilege, or have it granted.",
    "53100": "Free disk space on the server, then run again.",
    "53200": "The server ran out of memory: free some, then run again.",
    "55P03": "Another transaction holds the lock: end it, or try longer (--retry-for); an "
    "autovacuum gives way when --lock-timeout is above 1.",
    "57014": "Raise --statement-timeout, then run again.",
    "25006": "Connect as a role, and to a server, that may write (default_transaction_read_only).",
    "2BP01": "Drop or change what depends on it in a migration, then run again.",
    "40P01": "Two transactions waited for each other: run again.",
}


def run(connection: Connection[Any], script: Script) -> float:
    """Send a script to the server as it stands, and return the seconds it took.

    Raises ScriptError, LostConnectionError.
    """
    start = perf_counter()
    connection.pgconn.send_query(script.content)
    try:
        results = connection.wait(generators.execute(connection.pgconn))
    except psycopg.OperationalError as error:
        raise LostConnectionError(
            f"{script.path}: the connection broke: {str(error).strip()}",
            "Look into the server's log, then run again: what was not committed is undone.",
        ) from None
    for completed, result in enumerate(results):
        if result.status == pq.ExecStatus.FATAL_ERROR:
            refuse(script, psycopg.errors.error_from_result(result, "utf-8"), completed)
    return perf_counter() - start


def refuse(script: Script, error: psycopg.Error, completed: int = 0) -> NoReturn:
    """Raise the ScriptError for a server error after so many completed statements."""
    diag = error.diag
    line = sqltext.error_line(
        script.text,
        completed,
        diag.statement_position,
        (diag.internal_position, diag.internal_query),
        diag.context,
    )
    parts = [f"{script.path}:{line}: {diag.message_primary} (SQLSTATE {diag.sqlstate})"]
    parts += [f"{name}: {text}" for name, text in _details(diag) if text]
    fix = FIXES.get(diag.sqlstate or "", "Correct the file, then run again.")
    raise ScriptError("\n".join(parts), fix, diag.sqlstate) from None


def _details(diag: psycopg.errors.Diagnostic) -> list[tuple[str, str | None]]:
    return [
        ("Detail", diag.message_detail),
        ("Hint", diag.message_hint),
        ("Context", diag.context),
    ]
