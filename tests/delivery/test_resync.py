"""Cursors that cannot be continued say so, leases that ended say why, and nothing is skipped."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT, Listener, names, subscribed
from tests.support.callers.people import People

EXPIRE = "update public.realtime_subscriptions set last_ping_at = now() - interval '6 minutes'"


def reason(listener: Listener) -> Any:
    """Poll, and return the reason to resync; then the next poll must go on."""
    answer = listener.poll()
    assert (answer["success"], answer["resyncRequired"]) == (True, True)
    assert (answer["events"], answer["hasMore"]) == ([], False)
    assert listener.poll()["resyncRequired"] is False
    return answer["reason"]


def test_expired_subscriber_goes_on_from_the_old_cursor(
    admin: psycopg.Connection, owner: Caller, listener: Listener, supplier: UUID
) -> None:
    admin.execute(EXPIRE)
    answer = listener.poll()
    assert (answer.status, answer["code"]) == (410, "subscription_expired")
    admin.execute("select wedsync_realtime.cleanup()")
    admin.execute("select wedsync_realtime.cool_topics()")
    admin.execute(INSERT, (supplier, "missed"))
    assert listener.poll()["code"] == "subscription_expired"
    cursor = listener.cursor
    listener = subscribed(owner, "form-responses", {"supplier_id": str(supplier)})
    listener.cursor = cursor
    assert names(listener) == ["missed"]


def test_topic_that_went_cold_makes_the_old_cursor_resync(
    admin: psycopg.Connection, owner: Caller, listener: Listener, supplier: UUID
) -> None:
    cursor = listener.cursor
    owner.rpc("realtime_unsubscribe_all")
    admin.execute("select wedsync_realtime.cleanup()")
    admin.execute(
        "update wedsync_realtime.topics set idle_since = idle_since - interval '25 hours'"
    )
    admin.execute("select wedsync_realtime.cool_topics()")
    admin.execute(INSERT, (supplier, "unrecorded"))
    listener = subscribed(owner, "form-responses", {"supplier_id": str(supplier)})
    listener.cursor = cursor
    assert reason(listener) == "topic_restarted"


def test_cursor_of_another_channel_makes_resync(
    owner: Caller, listener: Listener, supplier: UUID
) -> None:
    other = subscribed(owner, "client-profiles", {"supplier_id": str(supplier)})
    listener.cursor = other.cursor
    assert reason(listener) == "topic_restarted"


def signed(admin: psycopg.Connection, *parts: str) -> str:
    """Return a cursor of these parts with the signature that makes it one."""
    text = ".".join(parts) + "."
    row = admin.execute(
        "select wedsync_realtime.sign_cursor(%s, s.cursor_secret)"
        " from wedsync_realtime.settings as s",
        (text,),
    ).fetchone()
    assert row is not None
    return f"{text}{row[0]}"


def test_cursor_of_another_history_makes_resync(
    admin: psycopg.Connection, listener: Listener
) -> None:
    assert listener.cursor is not None
    version, _, *rest, _ = listener.cursor.split(".")
    listener.cursor = signed(admin, version, "0badc0de", *rest)
    assert reason(listener) == "epoch_changed"


def test_cursor_from_the_future_makes_resync(admin: psycopg.Connection, listener: Listener) -> None:
    """A database restored to an earlier point has not reached it, whatever its epoch says."""
    assert listener.cursor is not None
    *rest, snapshot, _ = listener.cursor.split(".")
    xmin = snapshot.split(":")[0]
    listener.cursor = signed(admin, *rest, f"{xmin}:{int(xmin) + 1_000_000}:")
    assert reason(listener) == "epoch_changed"


def test_cursor_from_before_the_retained_feed_makes_resync(
    admin: psycopg.Connection, owner: Caller, listener: Listener, supplier: UUID
) -> None:
    fresh = subscribed(
        owner, "form-responses", {"supplier_id": str(supplier)}, connection_id=uuid4()
    )
    admin.execute(
        "select wedsync_realtime.add_partition("
        "'wedsync_realtime.events', date_trunc('day', now(), 'UTC') - interval '9 days', '1 day')"
    )
    admin.execute(INSERT, (supplier, "old"))
    admin.execute("update wedsync_realtime.events set created_at = now() - interval '9 days'")
    assert names(fresh) == ["old"]
    admin.execute(INSERT, (supplier, "new"))
    admin.execute("select wedsync_realtime.maintain_partitions()")
    assert reason(listener) == "retention_passed"
    assert names(fresh) == ["new"]


def test_truncate_makes_every_subscriber_of_the_table_resync(
    people: People, owner: Caller, admin: psycopg.Connection, listener: Listener, supplier: UUID
) -> None:
    journey = subscribed(owner, "journey-progress", {"supplier_id": str(supplier)})
    admin.execute(INSERT, (supplier, "gone"))
    admin.execute("truncate public.form_responses")
    assert reason(listener) == "truncated"
    admin.execute(INSERT, (supplier, "after"))
    assert names(listener) == ["after"]
    assert names(journey) == []


def test_resync_mark_is_not_overtaken_by_small_pages(
    admin: psycopg.Connection, listener: Listener, supplier: UUID
) -> None:
    for name in ("one", "two", "three"):
        admin.execute(INSERT, (supplier, name))
    admin.execute("truncate public.form_responses")
    admin.execute(INSERT, (supplier, "copied"))
    answers = [listener.poll(max_events=1)]
    while not answers[-1]["resyncRequired"]:
        assert answers[-1]["hasMore"], "the mark was lost"
        answers.append(listener.poll(max_events=1))
    assert answers[-1]["reason"] == "truncated"
    assert names(listener) == []


@pytest.mark.parametrize(
    "change",
    [
        "update public.user_profiles set supplier_id = gen_random_uuid()",
        "update public.user_profiles set user_type = 'couple'",
        "delete from public.user_profiles",
    ],
)
def test_revoked_subscriber_is_told_and_hears_nothing_more(
    admin: psycopg.Connection, listener: Listener, supplier: UUID, change: str
) -> None:
    admin.execute(change.encode())
    admin.execute(INSERT, (supplier, "secret"))
    answer = listener.poll()
    assert (answer.status, answer["code"]) == (403, "forbidden_channel")
    assert "secret" not in str(answer.body)


@pytest.mark.parametrize(
    "change",
    [
        "set session_replication_role = replica; delete from public.clients;",
        "truncate public.clients",
        "set session_replication_role = replica; delete from public.user_profiles;",
        "update wedsync_realtime.channels set is_enabled = false",
    ],
)
def test_poll_decides_again_where_no_trigger_revoked(
    people: People, owner: Caller, admin: psycopg.Connection, change: str
) -> None:
    couple = people.couple()
    people.link(people.supplier(), couple)
    listener = subscribed(owner, "couple-profile", {"couple_id": str(couple)})
    admin.execute(change.encode())
    admin.execute("update public.couples set display_name = 'secret'")
    for _ in range(2):
        answer = listener.poll()
        assert (answer.status, answer["code"]) == (403, "forbidden_channel")
        assert "secret" not in str(answer.body)
    rows = admin.execute(
        "select payload ->> 'reason' from public.realtime_activity_logs"
        " where event_type = 'revoked'"
    ).fetchall()
    assert len(rows) == 1


def test_poll_keeps_a_subscription_alive(admin: psycopg.Connection, listener: Listener) -> None:
    admin.execute(
        "update public.realtime_subscriptions set last_ping_at = now() - interval '4 minutes'"
    )
    listener.poll()
    row = admin.execute(
        "select max(now() - last_ping_at) < '1 minute' from public.realtime_subscriptions"
    ).fetchone()
    assert row == (True,)


def test_read_only_transaction_may_poll(
    admin: psycopg.Connection, owner: Caller, listener: Listener, supplier: UUID
) -> None:
    admin.execute(INSERT, (supplier, "read"))
    with owner.transaction(read_only=True) as connection:
        row = connection.execute(
            "select public.realtime_poll(%s, %s)", (listener.channel, listener.cursor)
        ).fetchone()
    assert row is not None
    assert [event["new"]["form_name"] for event in row[0]["events"]] == ["read"]


def test_feed_of_another_history_begins_anew(
    admin: psycopg.Connection, owner: Caller, listener: Listener, supplier: UUID
) -> None:
    """As upkeep finds it after a restore into a cluster with lower transaction ids."""
    admin.execute("select wedsync_realtime.maintain_partitions()")
    admin.execute(
        "update wedsync_realtime.feed_horizon set epoch = '0badc0de', max_xid = ('9' || xid)::xid8"
        " from (select pg_current_xact_id()::text as xid) as now"
    )
    admin.execute("select wedsync_realtime.maintain_partitions()")
    assert reason(listener) == "epoch_changed"
    assert listener.poll()["resyncRequired"] is False
