"""Further tables of an application, with channels that were put into the registry by hand."""

from typing import Any
from uuid import UUID

import psycopg

from tests.support.callers.caller import Caller
from tests.support.callers.listener import Listener, subscribed

REGISTER = """
    insert into wedsync_realtime.channels
        (name, table_name, key_columns, tenant_column, filter_key, supplier_authoriser)
    values (%(name)s, %(table)s, %(key)s, 'supplier_id', 'supplier_id', 'own_supplier')
"""
ATTACH = """
    select wedsync_realtime.attach_channel(c)
    from wedsync_realtime.channels as c where c.name = %(name)s
"""


def add_channel(
    admin: psycopg.Connection, table: str, *key: str, name: str | None = None
) -> dict[str, Any]:
    """Put a table whose tenant is supplier_id into the registry, attach it, return its channel."""
    channel = {"name": name or table, "table": table, "key": list(key)}
    admin.execute(REGISTER, channel)
    attach(admin, channel)
    return channel


def attach(admin: psycopg.Connection, channel: dict[str, Any]) -> None:
    """Attach a channel, as every deployment does anew."""
    assert admin.execute(ATTACH, channel).fetchone() == (True,)


def listen_to(owner: Caller, name: str, supplier: UUID) -> Listener:
    """Subscribe to a channel of a supplier, and wait until it is ready."""
    listener = subscribed(owner, name, {"supplier_id": str(supplier)})
    assert listener.poll()["ready"]
    return listener


def told(listener: Listener, *columns: str) -> list[tuple[Any, ...]]:
    """Return what is left to tell: operations, with columns of the row after, or else before."""
    found: list[tuple[Any, ...]] = []
    for event in listener.events():
        row = event["new"] or event["old"]
        found.append((event["eventType"], *(row[column] for column in columns)))
    return found
