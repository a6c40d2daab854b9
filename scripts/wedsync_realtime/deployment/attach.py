"""Attach the application's tables one by one, so that none is locked while another is awaited."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import psycopg
from psycopg import Connection

from wedsync_realtime.deployment.transaction import has_written
from wedsync_realtime.errors import BusyTableError
from wedsync_realtime.record.catalog import Key

_IS_DEPLOYED = "select pg_catalog.to_regproc('wedsync_realtime.missing_attachments') is not null"
_FIND = """
    select distinct m.relation::pg_catalog.text
    from wedsync_realtime.missing_attachments() as m
    where m.obstacle is null
"""
_ATTACH = """
    select wedsync_realtime.attach_relations(
        array[%s]::pg_catalog.regclass[], pg_catalog.make_interval(secs => %s)
    )
"""
_BROADCAST = b"select wedsync_realtime.attach_broadcast(), wedsync_realtime.admit_joiners()"


def attach_tables(
    connection: Connection[Any],
    transaction: Callable[[], AbstractContextManager[None]],
    remember: Callable[[], None],
    patience: float,
) -> bool:
    """Attach what is missing, each table in a transaction of its own; tell whether any was.

    transaction: begins and commits a transaction in which no other deployment runs.
    remember: called inside one before anything changes, maybe twice.
    patience: seconds to try for each table.
    Raises BusyTableError when tables stayed locked by others; the rest is attached by then.
    """
    with transaction():
        if not _answer(connection, _IS_DEPLOYED):
            return False
        connection.execute("savepoint before_broadcast")
        connection.execute(_BROADCAST)
        is_changed = has_written(connection)
        if is_changed:
            connection.execute("rollback to savepoint before_broadcast")
            remember()
            connection.execute(_BROADCAST)
    with transaction():
        if connection.execute(_FIND).fetchone() is None:
            return is_changed
        remember()
        connection.execute("select wedsync_realtime.prepare_channels()")
        relations = [name for (name,) in connection.execute(_FIND).fetchall()]
    busy: psycopg.errors.LockNotAvailable | None = None
    for relation in relations:
        try:
            with transaction():
                attach_table(connection, relation, patience)
        except psycopg.errors.LockNotAvailable as error:
            busy = error
    if busy:
        raise BusyTableError(
            f"Not attached: {busy.diag.message_primary}",
            busy.diag.message_hint or "Run again when no other session holds locks on it.",
        )
    return True


def attach_table(connection: Connection[Any], relation: str, patience: float) -> None:
    """Add what one table lacks."""
    connection.execute(_ATTACH, (relation, patience))


def is_attachment(key: Key) -> bool:
    """Tell whether a recorded object is one that policies or attaching make or change."""
    kind, name = key
    return (
        kind in ("publication", "replica identity", "policy", "grant")
        or kind in ("table", "column", "sequence")
        or name.startswith(("compiled function", "channel trigger", "gate"))
        or (kind == "trigger" and name.partition(" on ")[0].endswith("_revoke"))
        or (kind == "constraint" and "_user_id_fkey on " in name)
    )


def _answer(connection: Connection[Any], question: str) -> bool:
    row = connection.execute(question.encode()).fetchone()
    return bool(row and row[0])
