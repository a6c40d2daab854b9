"""A relay's view of the feed: drain it from a position, row by row, as if it might crash."""

import random
import threading
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import class_row

DRAIN = "select * from wedsync_realtime.drain(%s, %s)"


@dataclass(frozen=True)
class Row:
    """One row of drain."""

    kind: str
    id: int | None
    subjects: Any  # list of text, none of a position
    body: Any  # object, none of a position
    cursor: str | None
    next: str

    @property
    def name(self) -> str:
        """What a test calls it: the form's name or the reason, else nothing."""
        body = self.body or {}
        row = body.get("new") or body.get("old") or {}
        return str(row.get("form_name") or body.get("reason") or "")


def drain(
    connection: psycopg.Connection, position: str | None, max_events: int = 1000
) -> list[Row]:
    """Drain once, in a simple query as the relay does; the last row is the position."""
    with psycopg.ClientCursor(connection, row_factory=class_row(Row)) as cursor:
        rows = cursor.execute(DRAIN, (position, max_events)).fetchall()
    assert [row.kind for row in rows].index("position") == len(rows) - 1
    assert len(rows) - 1 <= max_events
    return rows


def drained(connection: psycopg.Connection, position: str, max_events: int = 1000) -> list[Row]:
    """Drain until nothing is left; return all rows but the positions."""
    told: list[Row] = []
    while len(rows := drain(connection, position, max_events)) > 1:
        told += rows[:-1]
        position = rows[-1].next
    return told


def is_seen_at_a_glance(connection: psycopg.Connection, position: str) -> bool:
    """Tell whether a drain would say of this position that nothing is new, and look no further."""
    row = connection.execute(
        """
        select wedsync_realtime.recorded_nothing(
            %s, pg_sequence_last_value('wedsync_realtime.events_id_seq'), s.cursor_secret
        )
        from wedsync_realtime.settings as s
        """,
        (position,),
    ).fetchone()
    return row == (True,)


def here(connection: psycopg.Connection) -> str:
    """Return the position at which a new relay begins."""
    (row,) = drain(connection, None)
    return row.next


@dataclass
class Drainer:
    """Drains in pages of one size and keeps what it was told.

    crashes: forgets, now and then, what it has not dealt with, and goes on after the last row of
    which it has.
    """

    position: str
    page: int
    crashes: random.Random | None = None
    rows: list[Row] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [row.body for row in self.rows if row.kind == "event" and row.body]

    def once(self, connection: psycopg.Connection) -> bool:
        """Drain once; return whether there may be more."""
        *rows, last = drain(connection, self.position, self.page)
        if self.crashes and rows and self.crashes.random() < 0.3:
            rows = rows[: self.crashes.randint(1, len(rows))]
            last = rows[-1]
        if not rows and self.position == last.next:
            return False
        self.rows += rows
        self.position = last.next
        return bool(rows)

    def run(self, url: str, stop: threading.Event) -> None:
        """Drain on a connection of its own until told to stop and nothing is left."""
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("set role wedsync_realtime_relay")
            while not stop.is_set() or self.once(connection):
                self.once(connection)
