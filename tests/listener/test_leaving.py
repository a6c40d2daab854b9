"""The listener left, or its subscribes cancelled: the leases are given back whatever happens."""

import asyncio

import pytest

from tests.listener.scene import (
    FORMS,
    NAME,
    Scene,
    asynchronous,
    counted,
    lose_answer,
    take,
    until,
)
from tests.support.callers.people import People
from wedsync_realtime.listener import (
    Item,
    Listener,
    ListenerClosedError,
    Ready,
)

BLOCKED = (
    "select 1 from pg_stat_activity where datname = current_database()"
    " and application_name = %s and wait_event_type = 'Lock'"
)


@asynchronous
async def test_subscribe_that_is_cancelled_leaves_no_lease(
    scene: Scene, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    couple, answers = people.couple(), counted(monkeypatch)
    async with scene.listener(poll_interval=0.1) as listener:
        await listener.subscribe(["client-profiles"], scene.own)
        await anext(listener)
        with scene.connection.transaction():
            scene.run("select from wedsync_realtime.tenants for update")
            opening = asyncio.create_task(listener.subscribe(FORMS, scene.own))
            await until(lambda: scene.run(BLOCKED, NAME))
            opening.cancel()
            await asyncio.wait([opening])
        await until(lambda: answers["realtime_unsubscribe"])
        assert scene.run("select count(*) from public.realtime_subscriptions") == (1,)
        scene.submit("wishes")
        people.link(scene.supplier, couple)
        (event,) = await take(listener, 1)
        assert event.table == "clients"


@asynchronous
async def test_subscribe_that_is_cancelled_and_whose_answer_is_lost_leaves_no_lease(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene.listener() as listener:
        answer = lose_answer(monkeypatch)
        opening = asyncio.create_task(listener.subscribe(FORMS, scene.own))
        await answer.came.wait()
        opening.cancel()
        await asyncio.wait([opening])
        assert scene.run("select count(*) from public.realtime_subscriptions") == (1,)
        answer.is_lost.set()
        await listener.subscribe(["client-profiles"], scene.own)
        held = None
        while held != (["client-profiles"],):
            await asyncio.sleep(0.05)
            held = scene.run("select array_agg(channel_name) from public.realtime_subscriptions")


@asynchronous
async def test_leaving_gives_back_what_a_subscribe_under_way_has_opened(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene.listener() as listener:
        answer = lose_answer(monkeypatch)
        opening = asyncio.create_task(listener.subscribe(FORMS, scene.own))
        await answer.came.wait()
        assert scene.run("select count(*) from public.realtime_subscriptions") == (1,)
    with pytest.raises(ListenerClosedError):
        await opening
    assert scene.run("select count(*) from public.realtime_subscriptions") == (0,)


@asynchronous
async def test_leaving_that_is_cancelled_closes_the_connection(scene: Scene) -> None:
    async def listen_on() -> None:
        async with scene.listener() as listener:
            listeners.append(listener)
            async for _ in listener:
                pass

    listeners: list[Listener] = []
    listening = asyncio.create_task(listen_on())
    await until(lambda: listeners)
    listening.cancel()
    await asyncio.sleep(0)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert not listeners[0]._link.is_open


@asynchronous
async def test_leaving_gives_the_leases_back_and_ends_the_iteration(scene: Scene) -> None:
    async with scene.listener() as listener:
        await listener.subscribe(FORMS, scene.own)
        items: list[Item] = []
        iterating = asyncio.create_task(take_all(listener, items))
        await until(lambda: items)
    await iterating
    assert [type(item) for item in items] == [Ready]
    assert scene.run("select count(*) from public.realtime_subscriptions") == (0,)
    with pytest.raises(ListenerClosedError):
        await listener.subscribe(FORMS, scene.own)


async def take_all(listener: Listener, items: list[Item]) -> None:
    """Append what comes to the items."""
    async for item in listener:
        items.append(item)


@asynchronous
async def test_leaving_ends_every_iteration(scene: Scene) -> None:
    items: list[Item] = []
    async with scene.listener() as listener:
        iterating = [asyncio.create_task(take_all(listener, items)) for _ in range(3)]
        await listener.subscribe(FORMS, scene.own)
        await until(lambda: items)
    await asyncio.gather(*iterating)
    assert len(items) == 1
