"""A database of the demo's own on somebody's server."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from psycopg import sql
from psycopg.conninfo import make_conninfo

from wedsync_realtime.connection import conninfo, server


@contextmanager
def own_database(url: str, keep: bool) -> Iterator[str]:
    """Create a database on the server of a URL, yield its own URL, and drop it unless kept."""
    name = f"wedsync_demo_{uuid4().hex[:8]}"
    with server.connect(url) as connection:
        server.check_writable(connection)
        connection.execute(
            sql.SQL("create database {} template template0").format(sql.Identifier(name))
        )
    try:
        yield make_conninfo(**conninfo.parse_url(url) | {"dbname": name})
    finally:
        if not keep:
            with server.connect(url) as connection:
                connection.execute(
                    sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
                )
