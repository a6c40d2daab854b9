"""Do the work of the cron jobs where pg_cron is absent."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import Connection

from wedsync_realtime import deploy, ledger, server
from wedsync_realtime.errors import NotDeployedError

LOCK_KEY = deploy.LOCK_KEY + 1
TASKS = (
    "public.cleanup_inactive_subscriptions",
    "wedsync_realtime.maintain_partitions",
)


def _is_first(connection: Connection[Any]) -> bool:
    row = connection.execute("select pg_catalog.pg_try_advisory_lock(%s)", (LOCK_KEY,)).fetchone()
    return bool(row and row[0])


def run_once(connection: Connection[Any]) -> dict[str, Any]:
    """Run every task and return what each one answered.

    Raises NotDeployedError, psycopg.Error.
    """
    if not ledger.exists(connection):
        raise NotDeployedError("The package is not in this database.", "Run make migrate.")
    answers = {}
    for task in TASKS:
        row = connection.execute(f"select {task}()".encode()).fetchone()
        answers[task] = row[0] if row else None
    return answers


def run_every(
    url: str, seconds: float, report: Callable[[dict[str, Any]], None], *, reconnect: bool = True
) -> None:
    """Run the tasks now and then every so many seconds, until the process is told to stop.

    reconnect: try again when the server went away; otherwise return, and at once where another
    such process is at work.
    Raises RunnerError when the first connection fails.
    """
    while True:
        with (
            suppress(psycopg.OperationalError),
            server.connect(url, server.MAINTAINER) as connection,
        ):
            if not reconnect and not _is_first(connection):
                return
            while True:
                report(run_once(connection))
                # Waits on the connection itself, so that the end of the server is seen at once.
                for _ in connection.notifies(timeout=seconds):
                    pass
        if not reconnect:
            return
        time.sleep(min(seconds, server.CONNECT_TIMEOUT))
