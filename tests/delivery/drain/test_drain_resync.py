"""What a relay is told when the feed cannot be continued: a resync, once, as polls are told."""

from uuid import UUID

import psycopg
import pytest

from tests.delivery.test_removal import AGE, DAY, REMOVE
from tests.delivery.test_resync import signed
from tests.support.callers.caller import Caller
from tests.support.callers.drainer import Row, drain, drained, here
from tests.support.callers.listener import INSERT, Connect, Listener, names, subscribed


@pytest.fixture
def journey(owner: Caller, supplier: UUID) -> Listener:
    """Return a listener on another channel of the supplier."""
    return subscribed(owner, "journey-progress", {"supplier_id": str(supplier)})


def told(rows: list[Row]) -> list[str]:
    """Return what rows say, each as kind and name."""
    return [f"{row.kind} {row.name}".strip() for row in rows]


def test_truncation_stands_for_the_events_of_its_channel(
    admin: psycopg.Connection, listener: Listener, journey: Listener, supplier: UUID
) -> None:
    start = here(admin)
    admin.execute(INSERT, (supplier, "gone"))
    admin.execute("truncate public.form_responses")
    admin.execute(INSERT, (supplier, "copied"))
    admin.execute("insert into public.journey_progress (supplier_id) values (%s)", (supplier,))
    for page in (1, 1000):
        rows = drained(admin, start, page)
        assert told(rows) == ["resync truncated", "event"]
    listener.cursor = rows[0].cursor
    assert names(listener) == []
    admin.execute(INSERT, (supplier, "after"))
    assert names(listener) == ["after"]
    assert told(drained(admin, rows[-1].next))[-1] == "event after"


def test_truncation_that_commits_late_is_told_late(
    admin: psycopg.Connection, connect: Connect, listener: Listener, journey: Listener,
    supplier: UUID,
) -> None:  # fmt: skip
    start = here(admin)
    other = connect()
    other.execute("truncate public.form_responses")
    admin.execute("insert into public.journey_progress (supplier_id) values (%s)", (supplier,))
    position = drain(admin, start)[-1].next
    other.commit()
    assert told(drained(admin, position)) == ["resync truncated"]


@pytest.mark.parametrize("lost", ["epoch", "future", "retention", "stream"])
def test_position_that_cannot_be_continued_makes_every_topic_resync_once(
    admin: psycopg.Connection, listener: Listener, journey: Listener, supplier: UUID, lost: str
) -> None:
    start = here(admin)
    version, epoch, topic, snapshot, _ = start.split(".")
    admin.execute(DAY)
    admin.execute(INSERT, (supplier, "missed"))
    reason = "epoch_changed"
    if lost == "epoch":
        start = signed(admin, version, "0badc0de", topic, snapshot)
    elif lost == "future":
        ahead = f"3:{int(snapshot.split(':')[1]) + 1_000_000}:"
        start = signed(admin, version, epoch, topic, ahead)
    elif lost == "retention":
        reason = "retention_passed"
        admin.execute(AGE)
        admin.execute(REMOVE)
    else:
        start, reason = "", "stream_restarted"
    for page in (1, 1000):
        rows = drained(admin, start, page)
        assert told(rows) == [f"resync {reason}"] * 2
        assert {row.subjects[0].split(".")[2] for row in rows if row.subjects} == {
            "form-responses", "journey-progress",
        }  # fmt: skip
    admin.execute(INSERT, (supplier, "after"))
    assert told(drained(admin, rows[-1].next)) == ["event after"]
    for row in rows:
        if row.subjects and "form-responses" in row.subjects[0]:
            listener.cursor = row.cursor
    assert names(listener) == ["after"]


@pytest.mark.parametrize("lost", ["epoch", "retention"])
def test_window_that_cannot_be_continued_makes_every_topic_resync_once(
    admin: psycopg.Connection, listener: Listener, journey: Listener, supplier: UUID, lost: str
) -> None:
    """Whatever it has told."""
    start = here(admin)
    admin.execute(DAY)
    for name in ("told", "missed"):
        admin.execute(INSERT, (supplier, name))
    start = drain(admin, start, 1)[0].next
    reason = "epoch_changed"
    if lost == "epoch":
        signature, place = start.split("/")
        version, _, *parts, _ = signature.split(".")
        start = signed(admin, version, "0badc0de", *parts) + "/" + place
    else:
        reason = "retention_passed"
        admin.execute(AGE)
        admin.execute(REMOVE)
    for page in (1, 1000):
        assert told(drained(admin, start, page)) == [f"resync {reason}"] * 2


def test_nothing_is_lost_while_every_topic_is_told_to_resync(
    admin: psycopg.Connection, listener: Listener, journey: Listener, supplier: UUID
) -> None:
    """What is committed between two of its pages comes after them."""
    first = drain(admin, "", 1)
    admin.execute(INSERT, (supplier, "between"))
    assert told(drained(admin, first[-1].next, 1)) == ["resync stream_restarted", "event between"]


def test_topic_too_far_behind_holds_up_no_other(
    admin: psycopg.Connection, listener: Listener, journey: Listener, supplier: UUID
) -> None:
    admin.execute("update wedsync_realtime.settings set replay_events = 1000")
    many = (
        "insert into public.form_responses (supplier_id) select %s from generate_series(1, %s) as n"
    )
    start = here(admin)
    admin.execute(many, (supplier, 1000))
    assert len(drained(admin, start)) == 1000
    start = here(admin)
    for _ in range(2):
        admin.execute(many, (supplier, 501))
        admin.execute("insert into public.journey_progress (supplier_id) values (%s)", (supplier,))
    for page in (1, 1000):
        assert told(drained(admin, start, page)) == ["resync too_far_behind", "event", "event"]


@pytest.mark.parametrize(("first", "then"), [(100_000, 1000), (1000, 100_000)])
def test_window_that_was_cut_keeps_to_the_replay_events_that_it_began_with(
    admin: psycopg.Connection, listener: Listener, journey: Listener, supplier: UUID, first: int,
    then: int,
) -> None:  # fmt: skip
    """All events of a topic or a resync, whatever is set between two pages."""
    limit = "update wedsync_realtime.settings set replay_events = %s"
    start = here(admin)
    admin.execute("""
        insert into public.form_responses (supplier_id, form_name)
        select %s, n from generate_series(1, 1001) as n
    """, (supplier,))  # fmt: skip
    admin.execute("insert into public.journey_progress (supplier_id) values (%s)", (supplier,))
    admin.execute(limit, (first,))
    *rows, last = drain(admin, start, 1)
    admin.execute(limit, (then,))
    rows += drained(admin, last.next, 400)
    whole = ["resync too_far_behind"] if first == 1000 else [f"event {n + 1}" for n in range(1001)]
    assert told(rows) == [*whole, "event"]


def test_pause_ends_the_leases_and_resumption_begins_anew(
    admin: psycopg.Connection, owner: Caller, listener: Listener, supplier: UUID
) -> None:
    start = here(admin)
    admin.execute("select wedsync_realtime.pause_channel('form-responses')")
    admin.execute(INSERT, (supplier, "unrecorded"))
    (ended,) = drained(admin, start)
    assert (ended.kind, ended.body["channel"]) == ("ended", listener.channel)
    admin.execute("select wedsync_realtime.resume_channel('form-responses')")
    again = subscribed(owner, "form-responses", {"supplier_id": str(supplier)})
    admin.execute(INSERT, (supplier, "recorded"))
    (row,) = drained(admin, ended.next)
    assert row.name == "recorded"
    again.cursor = row.cursor
    assert names(again) == []


@pytest.mark.parametrize(
    "position", ["nonsense", "1.a.0.3:3:.", "1.....", "x" * 2_000_000, "\u2028", "1.a.0.9:3:.b.c.d"]
)
def test_position_that_is_none_is_refused(admin: psycopg.Connection, position: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="none that drain has answered"):
        drain(admin, position)


def test_cursor_of_a_client_is_no_position(admin: psycopg.Connection, listener: Listener) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        drain(admin, listener.cursor)
