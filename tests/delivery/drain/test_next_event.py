"""An event that is all that is new is read in one statement, and nothing is passed over for it."""

from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest

from tests.support.callers.drainer import Row, drain, drained, here, is_seen_at_a_glance
from tests.support.callers.listener import INSERT, Connect, Listener
from tests.support.waiting import until

TAKE_XID = "select pg_current_xact_id()"
RECORDED = """
    select
        pg_sequence_last_value('wedsync_realtime.events_id_seq')
        + coalesce(pg_sequence_last_value('wedsync_realtime.resets_id_seq'), 0)
"""
FILTERS = """
    insert into wedsync_realtime.filters (topic_id, filter_id, filter)
    select t.id, f.operation, jsonb_build_object('operations', array[f.operation])
    from wedsync_realtime.topics as t
    cross join unnest(array['INSERT', 'DELETE']) as f (operation)
"""
NOTICE = "insert into wedsync_realtime.notices (topic_id) select id from wedsync_realtime.topics"

Begin = Callable[[], str]


@pytest.fixture
def begin(admin: psycopg.Connection, listener: Listener, supplier: UUID) -> Begin:
    """Return new positions that left nobody at work, in no database of the cluster."""
    admin.execute("select wedsync_realtime.maintain_partitions()")  # notes what a glance needs
    seen = [here(admin)]

    def is_usual() -> bool:
        admin.execute(INSERT, (supplier, "before"))
        seen.append(drain(admin, seen[-1])[-1].next)
        return is_seen_at_a_glance(admin, seen[-1]) and seen[-1].split(".")[3].endswith(":")

    def position() -> str:
        until(is_usual)
        return seen[-1]

    return position


def recorded(connection: psycopg.Connection) -> int:
    row = connection.execute(RECORDED).fetchone()
    assert row
    return int(row[0])


def is_one(connection: psycopg.Connection, position: str, asked: int | None = None) -> bool:
    """Tell whether one event is sure to be all that is new, and leave that unread."""
    asked = asked or recorded(connection)
    with connection.transaction(force_rollback=True):
        statement = "select from wedsync_realtime.next_event(%s, %s)"
        return bool(connection.execute(statement, (position, asked)).fetchall())


def names(connection: psycopg.Connection, position: str) -> list[str]:
    return [row.name for row in drained(connection, position)]


@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize("event_bytes", [1024, 65536])
def test_it_is_told_as_any_other(
    admin: psycopg.Connection,
    connect: Connect,
    begin: Begin,
    supplier: UUID,
    filtered: bool,
    event_bytes: int,
) -> None:
    admin.execute("update wedsync_realtime.settings set event_bytes = %s", (event_bytes,))
    if filtered:
        admin.execute(FILTERS)

    def one() -> tuple[str, list[Row]] | None:
        start = begin()
        admin.execute(INSERT, (supplier, "long" * 1000))
        was_one, rows = is_one(admin, start), drain(admin, start)
        # nor was anybody at work meanwhile
        return (start, rows) if was_one and is_seen_at_a_glance(admin, rows[-1].next) else None

    found = until(one)
    assert found
    start, (event, end) = found
    same, _ = drain(connect(), start)  # to whom the position was not given
    for told in ("kind", "id", "subjects", "body", "cursor"):
        assert getattr(event, told) == getattr(same, told)
    assert len(event.subjects) == 1 + filtered
    assert end.next == event.next
    assert names(admin, end.next) == []


def test_younger_writer_is_heard_later(
    admin: psycopg.Connection, connect: Connect, begin: Begin, supplier: UUID
) -> None:
    writer = connect()

    def one() -> str | None:
        writer.rollback()
        start = begin()
        admin.execute(INSERT, (supplier, "one"))
        writer.execute(TAKE_XID)
        return start if is_one(admin, start) else None

    start = until(one)
    assert start
    _, end = drain(admin, start)
    assert end.body is False, "somebody is at work, who looked at the bell before"
    writer.execute(INSERT, (supplier, "late"))
    assert names(admin, end.next) == []
    writer.commit()
    assert names(admin, end.next) == ["late"]


def test_older_writer_is_not_passed_over(
    admin: psycopg.Connection, connect: Connect, begin: Begin, supplier: UUID
) -> None:
    """It has recorded nothing yet, but the position after an event of a younger one names it."""
    start, writer = begin(), connect()
    writer.execute(TAKE_XID)
    admin.execute(INSERT, (supplier, "one"))
    assert not is_one(admin, start)
    end = drain(admin, start)[-1]
    writer.execute(INSERT, (supplier, "late"))
    writer.commit()
    assert names(admin, end.next) == ["late"]


def test_writer_at_work_before_is_not_passed_over(
    admin: psycopg.Connection, connect: Connect, begin: Begin, supplier: UUID
) -> None:
    """It had drawn its id when the position was taken."""
    start, writer = begin(), connect()
    writer.execute(INSERT, (supplier, "early"))
    admin.execute(INSERT, (supplier, "one"))
    start = drain(admin, start)[-1].next
    admin.execute(INSERT, (supplier, "two"))
    writer.commit()
    assert not is_one(admin, start)
    assert names(admin, start) == ["early", "two"]


def test_what_is_recorded_meanwhile_is_not_passed_over(
    admin: psycopg.Connection, begin: Begin, supplier: UUID
) -> None:
    """How much was recorded was asked before the snapshot."""
    start = begin()
    admin.execute(INSERT, (supplier, "one"))
    asked = recorded(admin)
    admin.execute(INSERT, (supplier, "two"))
    assert not is_one(admin, start, asked)
    assert names(admin, start) == ["one", "two"]


@pytest.mark.parametrize("other", ["truncate public.form_responses", NOTICE])
def test_what_is_no_event_is_told(
    admin: psycopg.Connection, begin: Begin, other: str, supplier: UUID
) -> None:
    start = begin()
    admin.execute(other.encode())
    assert not is_one(admin, start)
    (told,) = drained(admin, start)
    assert told.kind in ("resync", "ready")


def test_position_of_another_session_is_looked_through(
    admin: psycopg.Connection, connect: Connect, begin: Begin, supplier: UUID
) -> None:
    """There may have been a crash, after which ids are drawn again."""
    start = begin()
    admin.execute(INSERT, (supplier, "one"))
    assert not is_one(connect(), start)
    assert not is_one(admin, start[:-1] + ("0" if start[-1] != "0" else "1"))


def test_own_event_is_told_once_it_is_committed(
    admin: psycopg.Connection, begin: Begin, supplier: UUID
) -> None:
    start = begin()
    with psycopg.ClientCursor(admin) as cursor:
        cursor.execute(
            f"begin; {INSERT}; select next from wedsync_realtime.drain(%s); commit",
            (supplier, "own", start),
        )
        cursor.nextset()
        cursor.nextset()
        (position,) = cursor.fetchall()[-1]
    assert names(admin, position) == ["own"]
