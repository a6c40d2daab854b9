"""The hub: what is new is read once, and every subscription gets it as if it had read alone."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import psycopg
import pytest

from tests.listener.copies import Copy, ready, settle, writing
from tests.listener.scene import FORMS, NAME, Scene, asynchronous, counted, take_names, until
from tests.support.callers.people import People
from tests.support.postgres.cluster import Cluster
from wedsync_realtime.listener import (
    Event,
    Hub,
    Ready,
    RefusedError,
    Resync,
)


@pytest.fixture
def reader_url(cluster: Cluster, database: str) -> str:
    """Return the URL of a role that may read for all, and is no superuser."""
    return login(cluster, database, "hub_reader", "authenticated, wedsync_realtime_relay")


def login(cluster: Cluster, database: str, name: str, roles: str) -> str:
    """Return the URL of a role that is a member of others."""
    with cluster.connect() as connection:
        known = "select 1 from pg_roles where rolname = %s"
        if not connection.execute(known, (name,)).fetchone():
            connection.execute(f"create role {name} login noinherit".encode())
        connection.execute(f"grant {roles} to {name}".encode())
    return database.replace("postgres@", f"{name}@")


@asynchronous
async def test_change_is_read_once_for_all(
    scene: Scene, reader_url: str, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted(monkeypatch)
    async with Hub(reader_url) as hub, AsyncExitStack() as stack:
        users = [people.supplier_user(scene.supplier, f"user {each}") for each in range(10)]
        listeners = [await stack.enter_async_context(hub.listener(user)) for user in users]
        for listener in listeners:
            await ready(listener, scene.own)
        await settle(scene, *listeners)
        before = calls["realtime_poll"]
        names = [str(number) for number in range(300)]
        scene.submit(*names)
        for listener in listeners:
            assert await take_names(listener, 300) == names
        assert calls["realtime_poll"] == before
        assert backends(scene) == 2


def backends(scene: Scene) -> int:
    (count,) = scene.run(
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and application_name = %s",
        NAME,
    )
    return int(count)


@asynchronous
async def test_event_is_the_one_that_poll_tells(scene: Scene, reader_url: str) -> None:
    async with Hub(reader_url) as hub, hub.listener(scene.user) as pushed, scene.listener() as own:
        await ready(pushed, scene.own)
        await ready(own, scene.own)
        await settle(scene, pushed, own)
        scene.submit("wishes")
        event, polled = await anext(pushed), await anext(own)
        assert isinstance(event, Event)
        assert isinstance(polled, Event)
        assert vars(event) | {"subscription": None} == vars(polled) | {"subscription": None}


@asynchronous
async def test_each_hears_its_own_tenant_and_filter(
    scene: Scene, reader_url: str, people: People
) -> None:
    rival = people.supplier("Rival")
    rival_user = people.supplier_user(rival, "rival")
    menu = {"where": [{"column": "form_name", "op": "eq", "value": "menu"}]}
    async with (
        Hub(reader_url) as hub,
        hub.listener(scene.user) as listener,
        hub.listener(rival_user) as other,
    ):
        await ready(other, {"supplier_id": str(rival)})
        await ready(listener, scene.own | menu)
        with psycopg.connect(scene.url, autocommit=True) as connection:
            for number in range(6):
                scene.submit("wishes", "menu")
                connection.execute(
                    "insert into public.form_responses (supplier_id, form_name) values (%s, %s)",
                    (rival, str(number)),
                )
        assert await take_names(listener, 6) == ["menu"] * 6
        assert await take_names(other, 6) == [str(number) for number in range(6)]


async def no_harm(hub: Hub, scene: Scene) -> None:
    """Let it run."""


async def lose_connections(hub: Hub, scene: Scene) -> None:
    """Terminate both backends."""
    with psycopg.connect(scene.url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(a.pid) from pg_stat_activity as a"
            " where a.datname = current_database() and a.application_name = %s",
            (NAME,),
        )


async def forget_position(hub: Hub, scene: Scene) -> None:
    """Have the position refused, as that of another database is."""
    hub.feed._position = "unknown"


@pytest.mark.parametrize("harm", [no_harm, lose_connections, forget_position])
@asynchronous
async def test_each_change_once_and_in_order_while_many_write(
    scene: Scene,
    reader_url: str,
    people: People,
    harm: Callable[[Hub, Scene], Awaitable[None]],
) -> None:
    users = [people.supplier_user(scene.supplier, f"user {each}") for each in range(4)]
    copies: list[Copy] = []
    async with Hub(reader_url) as hub, AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        with writing(scene.url, scene.supplier, copies) as written:
            following = []
            for user in users:  # they begin while it goes on
                listener = await stack.enter_async_context(hub.listener(user))
                await listener.subscribe(FORMS, scene.own)
                copies.append(Copy())
                following.append(tasks.create_task(copies[-1].follow(listener)))
            for _ in range(4):
                goal = min(copy.count for copy in copies) + 100
                while min(copy.count for copy in copies) < goal:
                    await asyncio.sleep(0.01)
                await harm(hub, scene)
        await until(lambda: all(copy.seen == dict(written.counts) for copy in copies))
        for task in following:
            task.cancel()


@asynchronous
async def test_nothing_comes_that_was_committed_after_a_revocation(
    scene: Scene, reader_url: str, people: People
) -> None:
    async with Hub(reader_url) as hub, hub.listener(scene.user) as staying:
        await ready(staying, scene.own)
        for round_ in range(5):
            user = people.supplier_user(scene.supplier, f"user {round_}")
            async with hub.listener(user) as leaving:
                forms = await ready(leaving, scene.own)
                await settle(scene, leaving, staying)
                scene.submit("before")
                scene.run("update public.user_profiles set supplier_id = null where id = %s", user)
                scene.submit("after")
                assert await take_names(leaving, 1) == ["before"]
                with pytest.raises(RefusedError) as refusal:
                    await anext(leaving)
                assert refusal.value.subscription is forms
                assert await take_names(staying, 2) == ["before", "after"]


@asynchronous
async def test_resync_is_told_to_each_and_ready_follows(scene: Scene, reader_url: str) -> None:
    async with Hub(reader_url) as hub, hub.listener(scene.user) as listener:
        forms = await ready(listener, scene.own)
        await settle(scene, listener)
        scene.run("truncate public.form_responses")
        assert await anext(listener) == Resync(forms, "truncated")
        assert await anext(listener) == Ready(forms)
        scene.submit("next")
        assert await take_names(listener, 1) == ["next"]


@asynchronous
async def test_program_goes_on_from_a_cursor_of_a_push(scene: Scene, reader_url: str) -> None:
    async with Hub(reader_url) as hub:
        async with hub.listener(scene.user) as listener:
            forms = await ready(listener, scene.own)
            await settle(scene, listener)
            with scene.connection.transaction():
                scene.submit("first", "second", "third")
            assert await take_names(listener, 2) == ["first", "second"]
        async with hub.listener(scene.user) as listener:
            await listener.subscribe(FORMS, scene.own, cursors={"form-responses": forms.cursor})
            scene.submit("fourth", "fifth", "sixth")
            assert await take_names(listener, 5) == [
                "second", "third", "fourth", "fifth", "sixth",
            ]  # fmt: skip


@asynchronous
async def test_program_that_takes_its_time_holds_nobody_up(
    scene: Scene, reader_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wedsync_realtime.listener.listener.AHEAD", 10)
    monkeypatch.setattr("wedsync_realtime.listener.reading.PAGE", 100)
    async with (
        Hub(reader_url) as hub,
        hub.listener(scene.user) as slow,
        hub.listener(scene.user) as fast,
    ):
        for listener in (slow, fast):
            await ready(listener, scene.own)
        await settle(scene, slow, fast)
        names = [str(number) for number in range(500)]
        scene.submit(*names)
        assert await take_names(fast, 500) == names
        assert slow._items.qsize() < 250
        assert await take_names(slow, 500) == names


@asynchronous
async def test_leases_are_renewed_together(
    scene: Scene, reader_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wedsync_realtime.listener.feed.GATHER", 0.5)
    calls = counted(monkeypatch)
    scene.run("update wedsync_realtime.settings set ping_interval = '1 second'")
    async with (
        Hub(reader_url) as hub,
        hub.listener(scene.user) as listener,
        hub.listener(scene.user) as other,
    ):
        for each in (listener, other):
            await ready(each, scene.own)
        scene.run(
            "update public.realtime_subscriptions set last_ping_at = now() - '1 min'::interval"
        )
        aged = (
            "select count(*) from public.realtime_subscriptions"
            " where last_ping_at < now() - '50 s'::interval"
        )
        while scene.run(aged) != (0,):
            await asyncio.sleep(0.05)
    assert calls["realtime_ping"] == 0


@asynchronous
async def test_role_that_may_not_read_for_all_polls(
    scene: Scene, cluster: Cluster, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted(monkeypatch)
    url = login(cluster, scene.url, "hub_poller", "authenticated")
    user = people.supplier_user(scene.supplier, "other")
    async with (
        Hub(url) as hub,
        hub.listener(scene.user, poll_interval=60) as one,
        hub.listener(user, poll_interval=60) as two,
    ):
        for listener in (one, two):
            await ready(listener, scene.own)
        for number in range(5):
            scene.submit(str(number))
            for listener in (one, two):
                assert await take_names(listener, 1) == [str(number)]
        assert calls["realtime_poll"] >= 10
        await lose_connections(hub, scene)
        scene.submit("next")
        for listener in (one, two):
            assert await take_names(listener, 1) == ["next"]
