"""Callers who leave a transaction open: no poll of anybody else waits for them."""

from collections.abc import Callable
from uuid import UUID

import psycopg

from tests.subscriptions.conftest import POLL, SUBSCRIBE, on_responses, run, value
from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT, ActAs, names, subscribed
from tests.support.callers.people import People
from tests.support.waiting import PATIENCE


def sharing(people: People, suppliers: list[UUID]) -> dict[str, str]:
    """Return the filter of a couple that several suppliers serve."""
    couple = people.couple()
    for each in suppliers:
        people.link(each, couple)
    return {"couple_id": str(couple)}


def test_feed_of_another_history_waits_for_no_open_poll(
    people: People, admin: psycopg.Connection, user_of: Callable[..., Caller], supplier: UUID
) -> None:
    """After a restore: clients go on meanwhile, and read anew when the feed has begun anew."""
    other = people.supplier("Petal")
    listener = on_responses(user_of(supplier), supplier)
    holding = on_responses(user_of(other), other)
    run(admin, "partitions")
    admin.execute(
        "update wedsync_realtime.feed_horizon set epoch = '0badc0de', max_xid = ('9' || xid)::xid8,"
        " server_started_at = null from (select pg_current_xact_id()::text as xid) as now"
    )
    epoch = "select epoch = wedsync_realtime.epoch() from wedsync_realtime.feed_horizon"
    with user_of(other).transaction() as left_open:
        left_open.execute(POLL, (holding.channel, holding.cursor))
        run(admin, "partitions")
        assert value(admin, epoch) is False
        assert listener.poll()["reason"] == "retention_passed"
        admin.execute(INSERT, (supplier, "told meanwhile"))
        assert names(listener) == ["told meanwhile"]
        admin.execute(INSERT, (supplier, "gone with the old feed"))
    run(admin, "partitions")
    assert value(admin, epoch) is True
    assert value(admin, "select count(*) from wedsync_realtime.events") == 0
    assert listener.poll()["reason"] == "epoch_changed"
    admin.execute(INSERT, (supplier, "recorded"))
    assert names(listener) == ["recorded"]


def test_poll_of_a_new_topic_does_not_wait_for_another(
    people: People, admin: psycopg.Connection, user_of: Callable[..., Caller], supplier: UUID
) -> None:
    """It says ready when nobody writes the table, without remembering it."""
    other = people.supplier("Petal")
    shared = sharing(people, [supplier, other])
    first = subscribed(user_of(supplier), "couple-profile", shared)
    second = subscribed(user_of(other), "couple-profile", shared)
    with psycopg.connect(people.url) as writer:
        writer.execute("update public.couples set display_name = 'missed by the topic'")
        with user_of(supplier).transaction() as left_open:
            left_open.execute(POLL, (first.channel, first.cursor))
            assert second.poll()["ready"] is False
            writer.commit()
            assert second.poll()["ready"] is True
    is_ready = "select is_ready from wedsync_realtime.topics"
    assert value(admin, is_ready) is False
    assert second.poll()["ready"] is True
    assert value(admin, is_ready) is True


def test_poll_does_not_wait_for_another_of_its_lease(
    admin: psycopg.Connection, user_of: Callable[..., Caller], supplier: UUID
) -> None:
    listener = on_responses(user_of(supplier), supplier)
    assert listener.poll()["ready"]
    admin.execute(
        "update public.realtime_subscriptions set last_ping_at = now() - interval '2 min'"
    )
    with user_of(supplier).transaction() as left_open:
        left_open.execute(POLL, (listener.channel, listener.cursor))
        admin.execute(INSERT, (supplier, "told"))
        assert names(listener) == ["told"]


def test_poll_that_is_refused_does_not_wait_for_its_tenant(
    people: People, admin: psycopg.Connection, user_of: Callable[..., Caller], supplier: UUID
) -> None:
    other = people.supplier("Petal")
    listener = on_responses(user_of(supplier), supplier)
    admin.execute("alter table public.user_profiles disable trigger user")
    admin.execute(
        "update public.user_profiles set supplier_id = %s where id = %s",
        (other, listener.caller.claims["sub"]),
    )
    with user_of(supplier, "colleague").transaction() as left_open:
        left_open.execute(SUBSCRIBE, (["form-responses"], supplier))
        assert listener.poll()["code"] == "forbidden_channel"
    mine = "select count(*) from public.realtime_subscriptions where channel_id = %s"
    assert value(admin, mine, listener.channel) == 1
    assert listener.poll()["code"] == "forbidden_channel"
    assert value(admin, mine, listener.channel) == 0


def test_poll_of_nobody_does_not_wait_for_another(act_as: ActAs) -> None:
    first, second = act_as(role="authenticated"), act_as(role="authenticated")
    second.connection.execute(f"set statement_timeout = '{PATIENCE}s'".encode())
    with first.transaction() as left_open:
        left_open.execute(POLL, ("form-responses-x", None))
        answer = second.rpc("realtime_poll", channel="form-responses-x")
        assert answer["code"] == "unauthorized"
