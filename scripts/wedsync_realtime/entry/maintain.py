"""Do the work of the cron jobs where pg_cron is absent."""

import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import Connection

from wedsync_realtime.connection import server
from wedsync_realtime.deployment import deploy
from wedsync_realtime.errors import NotDeployedError, UnreachableDatabaseError
from wedsync_realtime.record import ledger

LOCK_KEY = deploy.LOCK_KEY + 1
METRICS = "metrics"
JOBS = ("cleanup", "partitions", "purge", METRICS)
METRICS_EVERY = 60.0  # seconds: metrics_history has a row a minute

# The server went away, or has become a standby; it may come back, or another one be promoted.
_AWAY = (
    psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction, UnreachableDatabaseError,
)  # fmt: skip

Answers = dict[str, int | str]


def _is_first(connection: Connection[Any]) -> bool:
    row = connection.execute("select pg_catalog.pg_try_advisory_lock(%s)", (LOCK_KEY,)).fetchone()
    return bool(row and row[0])


def run_once(connection: Connection[Any], jobs: tuple[str, ...] = JOBS) -> Answers:
    """Run jobs one after the other; return for each its number of rows, or how it failed.

    A job that fails is on record in job_runs, and keeps none of the others from running.
    Raises NotDeployedError, psycopg.Error.
    """
    if not ledger.exists(connection):
        raise NotDeployedError("The package is not in this database.", "Run `make migrate`.")
    return {job: _run(connection, job) for job in jobs}


def _run(connection: Connection[Any], job: str) -> int | str:
    began = connection.execute("select pg_catalog.clock_timestamp()").fetchone()
    try:
        connection.execute("call wedsync_realtime.run_job(%s)", (job,))
    except psycopg.errors.RaiseException as error:
        return error.diag.message_primary or str(error)
    row = connection.execute(
        """
        select r.last_rows from wedsync_realtime.job_runs as r
        where r.job = %s and r.last_success_at >= %s
        """,
        (job, began[0] if began else None),
    ).fetchone()
    return int(row[0] or 0) if row else f"job {job} is at work elsewhere, or its record is held"


def run_every(
    url: str,
    seconds: float,
    report: Callable[[Answers], object],
    note: Callable[[str], None],
    *,
    reconnect: bool = True,
) -> None:
    """Run the jobs now and then every so many seconds, until the process is told to stop.

    The metrics are recorded every minute in between.
    note: told why the server is gone, whenever it is.
    reconnect: try again when the server went away; otherwise return, and at once where another
    such process is at work.
    Raises RunnerError when the first connection fails.
    """
    was_connected = False
    while True:
        try:
            with server.connect(url, server.MAINTAINER) as connection:
                was_connected = True
                if not reconnect and not _is_first(connection):
                    return
                while True:
                    _round(connection, seconds, report)
        except _AWAY as error:
            if not was_connected:
                raise
            note(str(error).strip())
        if not reconnect:
            return
        time.sleep(min(seconds, server.CONNECT_TIMEOUT))


def _round(
    connection: Connection[Any], seconds: float, report: Callable[[Answers], object]
) -> None:
    """Run the jobs, and wait until they are due again."""
    due = time.monotonic() + seconds
    report(run_once(connection))
    while (left := due - time.monotonic()) > METRICS_EVERY:
        _wait(connection, METRICS_EVERY)
        run_once(connection, (METRICS,))
    _wait(connection, max(left, 0))


def _wait(connection: Connection[Any], seconds: float) -> None:
    """Wait on the connection itself, so that the end of the server is seen at once."""
    for _ in connection.notifies(timeout=seconds):
        pass
