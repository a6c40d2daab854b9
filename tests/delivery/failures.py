"""What the package counted instead of failing a write."""

import psycopg


def failures(connection: psycopg.Connection) -> list[tuple[str, str, str, int]]:
    """Return channel, kind, SQLSTATE and count of each, in the order of their transactions."""
    return connection.execute(
        "select c.name, f.kind, f.sqlstate, f.count"
        " from wedsync_realtime.dispatch_failures f"
        " join wedsync_realtime.channels c on c.id = f.channel_id order by f.xid"
    ).fetchall()
