"""Attach the application's tables one by one, so that none is locked while another is awaited."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import psycopg
from psycopg import Connection

from wedsync_realtime.errors import BusyTableError

_IS_DEPLOYED = "select pg_catalog.to_regproc('wedsync_realtime.missing_attachments') is not null"
_HAS_WRITTEN = "select pg_catalog.pg_current_xact_id_if_assigned() is not null"
_FIND = """
    select distinct m.relation::pg_catalog.text
    from wedsync_realtime.missing_attachments() as m
    where m.obstacle is null
"""
_ATTACH = "select wedsync_realtime.attach_relations(array[%s]::pg_catalog.regclass[])"


def attach_tables(
    connection: Connection[Any], transaction: Callable[[], AbstractContextManager[None]]
) -> bool:
    """Attach what is missing, each table in a transaction of its own; tell whether any was.

    transaction: begins and commits a transaction in which no other deployment runs.
    Raises BusyTableError when tables stayed locked by others; the rest is attached by then.
    """
    with transaction():
        if not _answer(connection, _IS_DEPLOYED):
            return False
        connection.execute("select wedsync_realtime.attach_broadcast()")
        connection.execute("select wedsync_realtime.admit_joiners()")
        has_written = _answer(connection, _HAS_WRITTEN)
    with transaction():
        if connection.execute(_FIND).fetchone() is None:
            return has_written
        connection.execute("select wedsync_realtime.prepare_channels()")
        relations = [name for (name,) in connection.execute(_FIND).fetchall()]
    busy: psycopg.errors.LockNotAvailable | None = None
    for relation in relations:
        try:
            with transaction():
                connection.execute(_ATTACH, (relation,))
        except psycopg.errors.LockNotAvailable as error:
            busy = error
    if busy:
        raise BusyTableError(
            f"Not attached: {busy.diag.message_primary}",
            busy.diag.message_hint or "Run again when no other session holds locks on it.",
        )
    return True


def _answer(connection: Connection[Any], question: str) -> bool:
    row = connection.execute(question.encode()).fetchone()
    return bool(row and row[0])
