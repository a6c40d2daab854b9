"""The listener over NATS: pushed by a relay, and each event once and in order all the same."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

import psycopg
import pytest

from tests.listener.copies import Copy, ready, settle, writing
from tests.listener.scene import FORMS, Scene, asynchronous, take_names, until
from tests.support.callers.people import People, own_people, shared_database
from tests.support.nats.relay import Relay, running_relay, token
from tests.support.postgres.cluster import Cluster
from wedsync_realtime.listener import Listener, Ready, RefusedError, Resync, nats_link, reading
from wedsync_realtime.listener.nats_link import NatsLink


@pytest.fixture(scope="module")
def database(cluster: Cluster, template: str) -> Iterator[str]:
    """Yield the URL of the database that the tests here share, as they do the relay."""
    with shared_database(cluster, template) as url:
        yield url


@pytest.fixture
def people(database: str) -> Iterator[People]:
    with own_people(database) as people:
        yield people


@pytest.fixture(scope="module")
def relay(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    with running_relay(database, tmp_path_factory.mktemp("home")) as relay:
        yield relay


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the calls that the relay has answered."""
    answers, call = Counter[str](), NatsLink.call

    async def counting(self: NatsLink, function: str, **arguments: Any) -> Mapping[str, Any]:
        answer = await call(self, function, **arguments)
        answers[function] += 1
        return answer

    monkeypatch.setattr(NatsLink, "call", counting)
    return answers


def listening(relay: Relay, scene: Scene) -> Listener:
    return Listener.nats(relay.nats, token(scene.user))


@asynchronous
async def test_events_are_pushed_once_and_in_order_after_ready(
    relay: Relay, scene: Scene, calls: Counter[str]
) -> None:
    async with listening(relay, scene) as listener:
        await ready(listener, scene.own)
        await settle(scene, listener)
        before = calls["realtime_poll"]
        names = [str(number) for number in range(300)]
        scene.submit(*names)
        assert await take_names(listener, 300) == names
        assert calls["realtime_poll"] - before <= 1  # one is due every minute
    assert scene.run("select count(*) from public.realtime_subscriptions") == (0,)


@asynchronous
async def test_copy_is_read_anew_where_nats_does_not_take_an_event(
    relay: Relay, scene: Scene
) -> None:
    async with listening(relay, scene) as listener:
        forms = await ready(listener, scene.own)
        await settle(scene, listener)
        scene.submit("\x01" * 200_000)
        assert await anext(listener) == Resync(forms, "payload_too_large")
        assert await anext(listener) == Ready(forms)
        scene.submit("wishes")
        assert await take_names(listener, 1) == ["wishes"]


@asynchronous
async def test_subscriptions_to_one_channel_have_connections_of_their_own(
    relay: Relay, scene: Scene
) -> None:
    menu = {"where": [{"column": "form_name", "op": "eq", "value": "menu"}]}
    async with listening(relay, scene) as listener:
        every = await ready(listener, scene.own)
        some = await ready(listener, scene.own | menu)
        assert some.connection_id != every.connection_id
        told: dict[str, list[str]] = {every.channel: [], some.channel: []}
        for name in ("wishes", "menu") * 4:
            scene.submit(name)
        while sum(map(len, told.values())) < 12:
            item = await anext(listener)
            assert not isinstance(item, Ready | Resync)
            told[item.subscription.channel].append(item.new["form_name"])
        assert told == {every.channel: ["wishes", "menu"] * 4, some.channel: ["menu"] * 4}
        await listener.unsubscribe(some)
        scene.submit("menu", "end")
        assert await take_names(listener, 2) == ["menu", "end"]


async def no_harm(relay: Relay) -> None:
    """Let it run."""


async def kill_server(relay: Relay) -> None:
    """Kill the NATS server, unless it is down; the relay starts it again."""
    with suppress(ProcessLookupError, ValueError):
        relay.kill_server()


@pytest.mark.parametrize("harm", [no_harm, kill_server])
@asynchronous
async def test_each_change_once_and_in_order_while_many_write(
    relay: Relay,
    scene: Scene,
    people: People,
    harm: Callable[[Relay], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody waits for an answer that was lost, however long one may take."""
    monkeypatch.setattr(nats_link, "PATIENCE", 3600)
    monkeypatch.setattr(reading, "PAGE", 50)  # so that catching up takes several
    copies = [Copy(), Copy()]
    other = people.supplier_user(scene.supplier, "other")
    with writing(scene.url, scene.supplier, copies) as written:
        async with (
            listening(relay, scene) as one,
            Listener.nats(relay.nats, token(other)) as two,
            asyncio.TaskGroup() as tasks,
        ):
            following = []
            for listener, copy in zip((one, two), copies, strict=True):
                await listener.subscribe(FORMS, scene.own)
                following.append(tasks.create_task(copy.follow(listener)))
            for _ in range(3):
                goal = min(copy.count for copy in copies) + 100
                while min(copy.count for copy in copies) < goal:
                    await asyncio.sleep(0.01)
                await harm(relay)
            written.end()
            await until(lambda: all(copy.seen == dict(written.counts) for copy in copies))
            for task in following:
                task.cancel()


@asynchronous
async def test_nothing_comes_that_was_committed_after_a_revocation(
    relay: Relay, scene: Scene, people: People
) -> None:
    user = people.supplier_user(scene.supplier, "leaving")
    async with (
        listening(relay, scene) as staying,
        Listener.nats(relay.nats, token(user)) as leaving,
    ):
        await ready(staying, scene.own)
        forms = await ready(leaving, scene.own)
        await settle(scene, leaving, staying)
        scene.submit("before")
        scene.run("update public.user_profiles set supplier_id = null where id = %s", user)
        scene.submit("after")
        assert await take_names(staying, 2) == ["before", "after"]
        told, refusal = await until_refused(leaving)
        assert refusal.subscription is forms
        assert told in ([], ["before"])  # a poll that comes too late for it is refused


async def until_refused(listener: Listener) -> tuple[list[str], RefusedError]:
    """Return what comes before a subscription ends, and how it does."""
    told: list[str] = []
    while True:
        try:
            told += await take_names(listener, 1)
        except RefusedError as refusal:
            return told, refusal


@asynchronous
async def test_resync_is_told_and_ready_follows(relay: Relay, scene: Scene) -> None:
    async with listening(relay, scene) as listener:
        forms = await ready(listener, scene.own)
        await settle(scene, listener)
        scene.run("truncate public.form_responses")
        assert await anext(listener) == Resync(forms, "truncated")
        assert await anext(listener) == Ready(forms)
        scene.submit("next")
        assert await take_names(listener, 1) == ["next"]


async def long_enough(relay: Relay, scene: Scene) -> int:
    """Return seconds in which a listener gets ready for sure, few where the machine is quick."""
    begun = monotonic()
    async with listening(relay, scene) as listener:
        await ready(listener, scene.own)
    return 3 + 5 * int(monotonic() - begun)


@asynchronous
async def test_token_is_asked_for_anew_when_it_has_expired(relay: Relay, scene: Scene) -> None:
    given: list[str] = []
    seconds = await long_enough(relay, scene)

    def fresh() -> str:
        given.append(token(scene.user, exp=int(time.time()) + seconds))
        return given[-1]

    async with Listener.nats(relay.nats, fresh) as listener:
        await ready(listener, scene.own)
        count = len(given)
        await until(lambda: len(given) > count)
        scene.submit("wishes")
        assert await take_names(listener, 1) == ["wishes"]


@asynchronous
async def test_token_that_has_expired_ends_the_listener(
    relay: Relay, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wedsync_realtime.listener.listener.CLOSE_LIMIT", 3600)
    seconds = await long_enough(relay, scene)
    short = token(scene.user, exp=int(time.time()) + seconds)
    async with Listener.nats(relay.nats, short) as listener:
        await ready(listener, scene.own)
        with pytest.raises(RefusedError, match="expired"):
            await anext(listener)


@asynchronous
async def test_server_that_is_not_there_is_reported(scene: Scene) -> None:
    with pytest.raises(ConnectionError):
        async with Listener.nats("nats://127.0.0.1:1", token(scene.user)):
            pass
    with pytest.raises(ValueError, match="no JWT"):
        async with Listener.nats("nats://127.0.0.1:1", "secret"):
            pass
    with psycopg.connect(scene.url) as connection:
        assert connection.execute("select from public.realtime_subscriptions").fetchall() == []
