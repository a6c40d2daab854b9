"""Run a migration that refuses a transaction: one statement, such as create index concurrently."""

import re
from typing import Any

import psycopg
from psycopg import Connection

from wedsync_realtime.connection import server
from wedsync_realtime.connection.limits import Limits
from wedsync_realtime.connection.progress import watched
from wedsync_realtime.deployment import execute
from wedsync_realtime.deployment.transaction import Report, locked
from wedsync_realtime.record import catalog, ledger
from wedsync_realtime.source.scripts import INDEX, Script

_INVALID = """
    select pg_catalog.format('drop index concurrently %%I.%%I', n.nspname, x.relname)
    from pg_catalog.pg_class as t
    inner join pg_catalog.pg_index as i on i.indrelid = t.oid
    inner join pg_catalog.pg_class as x on x.oid = i.indexrelid
    inner join pg_catalog.pg_namespace as n on n.oid = x.relnamespace
    where t.oid = pg_catalog.to_regclass(%s) and x.relname = %s and not i.indisvalid
"""
_PROGRESS = """
    select p.phase, p.tuples_done * 100 / nullif(p.tuples_total, 0)
    from pg_catalog.pg_stat_progress_create_index as p
    where p.datname = pg_catalog.current_database()
"""


def deploy_alone(
    url: str, connection: Connection[Any], script: Script, limits: Limits, report: Report
) -> bool:
    """Run a migration outside of any transaction, while another connection holds the lock.

    A runner that was killed may have left it half done: an invalid index goes first.
    Returns False when another runner has done it meanwhile.
    """
    with server.connect(url) as guard, locked(guard, limits, report):
        deployed = ledger.read(guard)
        if script.key in deployed:
            return False
        report(f"{script.path} runs without a transaction …")
        before = catalog.read(guard, deployed)
        # a query with parameters keeps its snapshot until the next: an index would wait for it
        guard.execute("select")
        if server.is_direct(connection):
            _settle(connection, limits)
        with watched(report, lambda: _progress(guard)) as begin:
            begin(script.path)
            _drop_invalid(connection, script)
            seconds = execute.run(connection, script)
        ledger.record(guard, [(script, seconds)])
        ledger.record_objects(
            guard, before, catalog.read(guard, deployed), lambda key: _is_named(script, key)
        )
    return True


def _is_named(script: Script, key: catalog.Key) -> bool:
    """Tell whether a script makes or drops an index or type, be it in a run that was killed."""
    kind, name = key
    short = re.escape(name.partition(" on ")[0].rpartition(".")[2])
    return kind in ("index", "type") and bool(re.search(rf"\b{short}\b", script.text))


def _settle(connection: Connection[Any], limits: Limits) -> None:
    # lock_timeout would also end its waiting for older transactions, which blocks nobody
    connection.execute(
        """
        select
            pg_catalog.set_config('lock_timeout', '0', false),
            pg_catalog.set_config('statement_timeout', %s, false),
            pg_catalog.set_config('search_path', 'public', false)
        """,
        (f"{round(limits.statement_timeout * 1000)}ms",),
    )


def _drop_invalid(connection: Connection[Any], script: Script) -> None:
    index = INDEX.search(script.text)
    if not index:
        return
    names = (index["table"], index["name"].strip('"'))
    for (statement,) in connection.execute(_INVALID, names).fetchall():
        connection.execute(statement.encode())


def _progress(guard: Connection[Any]) -> str:
    try:
        row = guard.execute(_PROGRESS).fetchone()
    except psycopg.Error:
        return ""
    if not row:
        return ""
    return f", {row[0]}" + ("" if row[1] is None else f", {row[1]} %")
