"""The listener and its leases: refused, lost, revoked, and renewed."""

import asyncio
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.listener.scene import FORMS, Scene, asynchronous, take_names
from tests.support.callers.people import People
from wedsync_realtime.connection.tasks import cancel
from wedsync_realtime.listener import (
    Listener,
    Ready,
    RefusedError,
)


@asynchronous
async def test_refused_subscribe_raises_and_the_listener_goes_on(scene: Scene) -> None:
    async with scene.listener() as listener:
        with pytest.raises(RefusedError, match=r"Unauthorized channel access") as refusal:
            await listener.subscribe(FORMS, {"supplier_id": str(uuid4())})
        assert (refusal.value.code, refusal.value.status) == ("forbidden_channel", 403)
        assert refusal.value.retry_after is None
        await listener.subscribe(FORMS, scene.own)
        scene.submit("wishes")
        assert await take_names(listener, 1) == ["wishes"]


@asynchronous
async def test_rate_limit_tells_when_to_retry(scene: Scene) -> None:
    async with scene.listener() as listener:
        for _ in range(10):
            await listener.subscribe(FORMS, scene.own)
        with pytest.raises(RefusedError) as refusal:
            await subscribe_on(listener, scene)
    assert (refusal.value.code, refusal.value.status) == ("rate_limited", 429)
    assert refusal.value.retry_after
    assert 1 <= refusal.value.retry_after <= 6


async def subscribe_on(listener: Listener, scene: Scene) -> None:
    """Subscribe again and again: a slow machine has some of the calls back by now."""
    while True:
        await listener.subscribe(FORMS, scene.own)


@asynchronous
async def test_lease_that_expired_is_opened_again_and_nothing_is_missed(scene: Scene) -> None:
    async with scene.listener() as listener:
        (forms,) = await listener.subscribe(FORMS, scene.own)
        await anext(listener)
        lost = forms.channel
        scene.run(
            "update public.realtime_subscriptions set last_ping_at = now() - '1 day'::interval"
        )
        assert scene.run("select public.cleanup_inactive_subscriptions()") == (1,)
        scene.submit("first", "second")
        assert await take_names(listener, 2) == ["first", "second"]
        assert forms.channel != lost
        assert scene.run("select channel_id from public.realtime_subscriptions") == (forms.channel,)


@asynchronous
async def test_lost_lease_waits_when_the_rate_is_used_up(scene: Scene) -> None:
    scene.run("update wedsync_realtime.settings set subscribe_per_minute = 60, subscribe_burst = 1")
    async with scene.listener() as listener:
        await listener.subscribe(FORMS, scene.own)
        await anext(listener)
        scene.run("delete from public.realtime_subscriptions")
        scene.submit("wishes")
        assert await take_names(listener, 1) == ["wishes"]


@asynchronous
async def test_revoked_subscription_raises_and_the_others_go_on(
    scene: Scene, people: People
) -> None:
    couple = people.couple()
    link = people.link(scene.supplier, couple)
    channels = ["wedding-details", "form-responses"]
    async with scene.listener(poll_interval=0.05) as listener:
        wedding, _ = await listener.subscribe(channels, scene.own | {"wedding_id": str(couple)})
        await anext(listener)
        await anext(listener)
        scene.run("delete from public.clients where id = %s", link)
        with pytest.raises(RefusedError) as refusal:
            await anext(listener)
        assert (refusal.value.code, refusal.value.subscription) == ("forbidden_channel", wedding)
        scene.submit("wishes")
        assert await take_names(listener, 1) == ["wishes"]


@asynchronous
async def test_lost_leases_of_one_call_come_back_without_the_one_that_was_revoked(
    scene: Scene, people: People
) -> None:
    couple = people.couple()
    link = people.link(scene.supplier, couple)
    channels = ["wedding-details", "form-responses"]
    async with scene.listener() as listener:
        wedding, _ = await listener.subscribe(channels, scene.own | {"wedding_id": str(couple)})
        await anext(listener)
        await anext(listener)
        with scene.connection.transaction():
            scene.run("delete from public.realtime_subscriptions")
            scene.run("delete from public.clients where id = %s", link)
            scene.submit("wishes")
        assert scene.terminate_listener() == 1
        with pytest.raises(RefusedError) as refusal:
            await anext(listener)
        assert refusal.value.subscription is wedding
        assert await take_names(listener, 1) == ["wishes"]


@asynchronous
async def test_pings_renew_its_own_leases_only(scene: Scene) -> None:
    scene.run("update wedsync_realtime.settings set ping_interval = '1 second'")
    async with scene.listener() as silent, scene.listener() as listener:
        (other,) = await silent.subscribe(FORMS, scene.own)
        await cancel(silent._task)
        (forms,) = await listener.subscribe(FORMS, scene.own)
        (aged,) = scene.run(
            "update public.realtime_subscriptions set last_ping_at = now() - '1 min'::interval"
            " returning last_ping_at"
        )
        renewed = None
        while renewed is None:
            await asyncio.sleep(0.05)
            renewed = scene.run(
                "select array_agg(channel_id) from public.realtime_subscriptions"
                " where last_ping_at <> %s having count(*) > 0",
                aged,
            )
    assert renewed == ([forms.channel],)
    assert other.channel != forms.channel


@pytest.mark.parametrize(
    "filters", [{"supplier_id": uuid4()}, {"supplier_id": "\0"}, {"supplier_id": float("nan")}]
)
@asynchronous
async def test_arguments_that_cannot_be_sent_raise_and_the_listener_goes_on(
    scene: Scene, filters: dict[str, Any]
) -> None:
    async with scene.listener() as listener:
        await listener.subscribe(FORMS, scene.own)
        with pytest.raises((TypeError, psycopg.DataError)):
            await listener.subscribe(FORMS, filters)
        scene.submit("wishes")
        assert await take_names(listener, 1) == ["wishes"]


@asynchronous
async def test_unsubscribed_channel_is_quiet(scene: Scene) -> None:
    async with scene.listener() as listener:
        (forms,) = await listener.subscribe(FORMS, scene.own)
        await anext(listener)
        await listener.unsubscribe(forms)
        await listener.unsubscribe(forms)
        scene.submit("wishes")
        (again,) = await listener.subscribe(FORMS, scene.own)
        assert await anext(listener) == Ready(again)


@asynchronous
async def test_first_connection_that_fails_is_reported(database: str) -> None:
    with pytest.raises(psycopg.OperationalError):
        async with Listener(f"{database}_gone", uuid4()):
            pass


@asynchronous
async def test_database_without_the_package_is_reported_everywhere(empty_database: str) -> None:
    async with Listener(empty_database, uuid4()) as listener:
        with pytest.raises(psycopg.Error):
            await listener.subscribe(FORMS, {})
        with pytest.raises(psycopg.Error):
            await anext(listener)
