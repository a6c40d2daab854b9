"""The transaction of a deployment: no two at the same time, with its own settings."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import Connection

from wedsync_realtime.connection.limits import Limits

LOCK_KEY = int.from_bytes(b"wedsync")  # of the advisory lock that one deployment at a time holds
POLL = 0.1  # seconds between two attempts to get it

_BEGIN = "begin transaction isolation level read committed, read write"
SETTINGS = """
    set local check_function_bodies = off;
    set local client_min_messages = warning;
    set local idle_in_transaction_session_timeout = 0;
    set local jit = off;
    -- queries in functions are small: a plan for the values of each call costs more than it gains
    set local plan_cache_mode = force_generic_plan;
    set local quote_all_identifiers = off;
    set local row_security = on;
    set local search_path = public;
    set local standard_conforming_strings = on;
    -- from PostgreSQL 17 on; a deployment takes as long as it takes
    select pg_catalog.set_config('transaction_timeout', '0', true)
    where pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 170000;
"""

Report = Callable[[str], None]


@contextmanager
def locked(connection: Connection[Any], limits: Limits, report: Report) -> Iterator[None]:
    """Hold a transaction that no other deployment has at the same time; commit it at the end.

    The lock is polled: a deployment that waited inside a statement would hold a snapshot, and a
    `create index concurrently` of the other one would wait for it forever.
    """
    waiting = False
    try:
        while not _begin(connection, limits):
            connection.execute("rollback")
            if not waiting:
                report("Another deployment is running: waiting for it to end …")
                waiting = True
            time.sleep(POLL)
        yield
        connection.execute("commit")
    except BaseException:
        if not connection.closed:
            with suppress(psycopg.Error):  # as after a second Ctrl-C, while the first is cancelling
                connection.execute("rollback")
        raise


@contextmanager
def read_only(connection: Connection[Any]) -> Iterator[None]:
    """Hold a transaction that sees one state and changes nothing; works on a standby too."""
    connection.execute("begin transaction isolation level repeatable read, read only")
    try:
        # the role's may be meant for the application's queries
        connection.execute("set local statement_timeout = 0")
        yield
    finally:
        if not connection.closed:
            connection.execute("rollback")


def has_written(connection: Connection[Any]) -> bool:
    """Tell whether the transaction has written; one that has not has no id."""
    row = connection.execute(
        "select pg_catalog.pg_current_xact_id_if_assigned() is not null"
    ).fetchone()
    return bool(row and row[0])


def _begin(connection: Connection[Any], limits: Limits) -> bool:
    connection.execute(_BEGIN)
    row = connection.execute(
        """
        select
            pg_catalog.set_config('lock_timeout', %s, true),
            pg_catalog.set_config('statement_timeout', %s, true),
            pg_catalog.pg_try_advisory_xact_lock(%s)
        """,
        (_milliseconds(limits.lock_timeout), _milliseconds(limits.statement_timeout), LOCK_KEY),
    ).fetchone()
    if not (row and row[2]):
        return False
    connection.execute(SETTINGS)
    return True


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
