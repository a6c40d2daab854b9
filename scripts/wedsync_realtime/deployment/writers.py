"""Wait for writers whose trigger functions began as they were before."""

import time

from psycopg import Connection

from wedsync_realtime.connection import server
from wedsync_realtime.connection.limits import Limits
from wedsync_realtime.deployment.transaction import POLL, Report
from wedsync_realtime.errors import BusyTableError

# whoever does nothing inside a transaction is inside no trigger function
_AT_WORK = """
    select distinct l.virtualtransaction
    from pg_catalog.pg_locks as l
    inner join pg_catalog.pg_stat_activity as a on a.pid = l.pid
    where
        l.locktype = 'relation'
        and l.database = (
            select d.oid from pg_catalog.pg_database as d
            where d.datname = pg_catalog.current_database()
        )
        and l.granted
        and l.mode = 'RowExclusiveLock'
        and (a.state like 'idle%') is not true
        and l.relation in (
            select t.tgrelid
            from pg_catalog.pg_trigger as t
            inner join pg_catalog.pg_proc as p on p.oid = t.tgfoid
            where p.pronamespace = pg_catalog.to_regnamespace('wedsync_realtime')
        )
"""


def wait_for_writers(connection: Connection[tuple[str]], limits: Limits, report: Report) -> None:
    """Wait until the statements have ended that write by now to tables with triggers of ours.

    Raises BusyTableError when they have not in time.
    """
    deadline = time.monotonic() + limits.retry_for
    at_work: set[tuple[str]] | None = None
    while True:
        now = set(connection.execute(_AT_WORK))
        left = now if at_work is None else now & at_work
        if not left:
            return
        if at_work is None:
            report("Writers may still call what is to be dropped: waiting for them to end …")
        at_work = left
        if time.monotonic() > deadline:
            raise BusyTableError(
                f"Not dropped: {len(left)} writers may still call functions whose files are gone.",
                "Run again when they have ended." + server.oldest_transactions(connection),
            )
        time.sleep(POLL)
