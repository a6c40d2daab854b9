"""The listener: every event once and in order, whatever happens to the connection or the lease."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import wraps
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.cluster import Cluster
from tests.support.people import People
from wedsync_realtime.listener import (
    Event,
    Item,
    Listener,
    ListenerClosedError,
    Ready,
    RefusedError,
    Resync,
    rpc,
)

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LIMIT = 30  # seconds that a test may take
FORMS = ["form-responses"]
NAME = "wedsync-realtime listener"


@dataclass(frozen=True)
class Scene:
    """A supplier with a user, and a connection that changes things."""

    url: str
    connection: psycopg.Connection
    supplier: UUID
    user: UUID

    @property
    def own(self) -> dict[str, str]:
        return {"supplier_id": str(self.supplier)}

    def listener(self, poll_interval: float = 60.0) -> Listener:
        return Listener(self.url, self.user, poll_interval=poll_interval)

    def submit(self, *names: str) -> None:
        for name in names:
            self.connection.execute(
                "insert into public.form_responses (supplier_id, form_name) values (%s, %s)",
                (self.supplier, name),
            )

    def run(self, statement: LiteralString, *values: Any) -> Any:
        cursor = self.connection.execute(statement, values or None)
        return cursor.fetchone() if cursor.description else None

    def terminate_listener(self) -> int:
        """Terminate the backend of the listener; return how many there were."""
        (count,) = self.run(
            "select count(pg_terminate_backend(a.pid)) from pg_stat_activity as a"
            " where a.datname = current_database() and a.application_name = %s",
            NAME,
        )
        return int(count)


@pytest.fixture
def scene(database: str, people: People) -> Iterator[Scene]:
    supplier = people.supplier()
    user = people.supplier_user(supplier)
    with psycopg.connect(database, autocommit=True) as connection:
        yield Scene(database, connection, supplier, user)


def asynchronous(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def limited() -> None:
            async with asyncio.timeout(LIMIT):
                await test(*args, **kwargs)

        asyncio.run(limited())

    return run


async def take(listener: Listener, count: int) -> list[Event]:
    """Return the next events; nothing else may come between but Ready."""
    events: list[Event] = []
    while len(events) < count:
        item = await anext(listener)
        assert not isinstance(item, Resync)
        if isinstance(item, Event):
            events.append(item)
    return events


async def take_names(listener: Listener, count: int) -> list[str]:
    return [event.new["form_name"] for event in await take(listener, count)]


async def comes_nothing(listener: Listener, seconds: float = 0.1) -> bool:
    try:
        item: Item = await asyncio.wait_for(anext(listener), seconds)
    except TimeoutError:
        return True
    raise AssertionError(f"{item} came")


@asynchronous
async def test_events_arrive_once_and_in_order_after_ready(scene: Scene) -> None:
    names = [str(number) for number in range(250)]
    async with scene.listener() as listener:
        (forms,) = await listener.subscribe(FORMS, scene.own)
        assert await anext(listener) == Ready(forms)
        with scene.connection.transaction():
            scene.submit(*names)
        assert await take_names(listener, 250) == names
        assert await comes_nothing(listener)


@asynchronous
async def test_event_tells_what_poll_tells(scene: Scene) -> None:
    scene.submit("wishes")
    async with scene.listener() as listener:
        (forms,) = await listener.subscribe(FORMS, scene.own)
        await anext(listener)
        scene.run("update public.form_responses set status = 'submitted'")
        (event,) = await take(listener, 1)
    assert event.subscription is forms
    assert (event.name, event.operation) == ("form_response.submitted", "UPDATE")
    assert (event.schema, event.table) == ("public", "form_responses")
    assert event.topic == f"form-responses:{scene.supplier}"
    assert (event.old["status"], event.new["status"]) == (None, "submitted")
    assert (event.changed, event.errors) == (("status",), ())
    assert event.recorded_at.tzinfo is not None


@asynchronous
async def test_no_event_is_missed_or_repeated_when_the_backend_is_terminated(
    scene: Scene,
) -> None:
    async with scene.listener() as listener:
        await listener.subscribe(FORMS, scene.own)
        await anext(listener)
        with psycopg.connect(scene.url, autocommit=True) as other:
            killer = replace(scene, connection=other)
            for attempt in range(6):
                names = [f"{attempt}/{number}" for number in range(100)]
                writing = asyncio.create_task(asyncio.to_thread(scene.submit, *names))
                received = await take_names(listener, 10)
                assert killer.terminate_listener() == 1
                received += await take_names(listener, 90)
                await writing
                assert received == names
        assert await comes_nothing(listener)


@asynchronous
async def test_change_while_disconnected_arrives_without_a_notification(scene: Scene) -> None:
    async with scene.listener() as listener:
        await listener.subscribe(FORMS, scene.own)
        await anext(listener)
        assert scene.terminate_listener() == 1
        scene.submit("meanwhile")
        assert await take_names(listener, 1) == ["meanwhile"]


@asynchronous
async def test_program_goes_on_while_the_server_is_away(
    scene: Scene, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wedsync_realtime.listener.listener.AHEAD", 10)
    name = scene.connection.info.dbname
    async with scene.listener() as listener:
        await listener.subscribe(FORMS, scene.own)
        await anext(listener)
        with scene.connection.transaction():
            scene.submit(*map(str, range(50)))
        await asyncio.sleep(0.2)
        cluster.freeze_database(name)
        scene.terminate_listener()
        await asyncio.sleep(0.2)
        assert await take_names(listener, 50) == [str(number) for number in range(50)]
        opening = asyncio.create_task(listener.subscribe(["client-profiles"], scene.own))
        await asyncio.sleep(0.2)
        assert not opening.done()
        cluster.thaw_database(name)
        (clients,) = await opening
        assert clients.name == "client-profiles"


@asynchronous
async def test_subscriptions_share_one_connection_even_on_one_channel(
    scene: Scene, people: People
) -> None:
    couples = [people.couple("Ann"), people.couple("Eve")]
    for couple in couples:
        people.link(scene.supplier, couple)
    async with scene.listener() as listener:
        (forms,) = await listener.subscribe(FORMS, scene.own)
        weddings = [
            (await listener.subscribe(["wedding-details"], {"wedding_id": str(couple)}))[0]
            for couple in couples
        ]
        for couple in reversed(couples):
            scene.run("insert into public.wedding_details (couple_id) values (%s)", couple)
        scene.submit("wishes")
        events = await take(listener, 3)
        (backends,) = scene.run(
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and application_name = %s",
            NAME,
        )
    assert {event.id: event.subscription for event in events} == {
        event.id: wanted
        for event, wanted in zip(
            sorted(events, key=lambda event: event.id), [*reversed(weddings), forms], strict=True
        )
    }
    assert backends == 1


@asynchronous
async def test_resync_is_reported_and_ready_follows(scene: Scene) -> None:
    async with scene.listener() as listener:
        (forms,) = await listener.subscribe(FORMS, scene.own)
        assert await anext(listener) == Ready(forms)
        scene.submit("gone")
        assert await take_names(listener, 1) == ["gone"]
        scene.run("truncate public.form_responses")
        assert await anext(listener) == Resync(forms, "truncated")
        assert await anext(listener) == Ready(forms)
        scene.submit("next")
        assert await take_names(listener, 1) == ["next"]


@asynchronous
async def test_ready_waits_for_writers_that_began_before(scene: Scene) -> None:
    with psycopg.connect(scene.url) as writer:
        writer.execute(
            "insert into public.form_responses (supplier_id) values (%s)", (scene.supplier,)
        )
        async with scene.listener() as listener:
            (forms,) = await listener.subscribe(FORMS, scene.own)
            assert await comes_nothing(listener)
            writer.commit()
            assert await anext(listener) == Ready(forms)


@asynchronous
async def test_without_notifications_polls_deliver(scene: Scene) -> None:
    scene.run("update wedsync_realtime.settings set notify_enabled = false")
    async with scene.listener(poll_interval=0.05) as listener:
        await listener.subscribe(FORMS, scene.own)
        await anext(listener)
        scene.submit("wishes")
        assert await take_names(listener, 1) == ["wishes"]


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
            await listener.subscribe(FORMS, scene.own)
    assert (refusal.value.code, refusal.value.status) == ("rate_limited", 429)
    assert refusal.value.retry_after
    assert 1 <= refusal.value.retry_after <= 6


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
async def test_topic_that_was_cold_meanwhile_is_reported(scene: Scene) -> None:
    async with scene.listener(poll_interval=0.05) as listener:
        (forms,) = await listener.subscribe(FORMS, scene.own)
        assert await anext(listener) == Ready(forms)
        with scene.connection.transaction():
            scene.run("delete from public.realtime_subscriptions")
            scene.run("delete from wedsync_realtime.topics")
        assert await anext(listener) == Resync(forms, "topic_restarted")
        assert await anext(listener) == Ready(forms)


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
        silent._task.cancel()
        (forms,) = await listener.subscribe(FORMS, scene.own)
        scene.run(
            "update public.realtime_subscriptions set last_ping_at = now() - '1 min'::interval"
        )
        renewed = None
        while renewed is None:
            await asyncio.sleep(0.05)
            renewed = scene.run(
                "select array_agg(channel_id) from public.realtime_subscriptions"
                " where last_ping_at > now() - '30 s'::interval having count(*) > 0"
            )
    assert renewed == ([forms.channel],)
    assert other.channel != forms.channel


@asynchronous
async def test_cursor_counts_an_event_once_the_next_one_is_asked_for(scene: Scene) -> None:
    async with scene.listener() as listener:
        (forms,) = await listener.subscribe(FORMS, scene.own)
        await anext(listener)
        with scene.connection.transaction():
            scene.submit("first", "second")
        assert await take_names(listener, 2) == ["first", "second"]
        begin = forms.cursor
        assert await comes_nothing(listener)
        end = forms.cursor
    scene.submit("third")
    async with scene.listener() as listener:
        await listener.subscribe(FORMS, scene.own, cursors={"form-responses": begin})
        assert await take_names(listener, 3) == ["first", "second", "third"]
        await listener.subscribe(FORMS, scene.own, cursors={"form-responses": end})
        assert await take_names(listener, 1) == ["third"]


@asynchronous
async def test_program_that_takes_its_time_is_not_drowned(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wedsync_realtime.listener.listener.AHEAD", 10)
    monkeypatch.setattr("wedsync_realtime.listener.leases.PAGE", 100)
    async with scene.listener() as listener:
        await listener.subscribe(FORMS, scene.own)
        await anext(listener)
        with scene.connection.transaction():
            scene.submit(*map(str, range(500)))
        await asyncio.sleep(0.2)
        assert listener._items.qsize() < 120
        assert await take_names(listener, 500) == [str(number) for number in range(500)]


@asynchronous
async def test_subscribe_that_is_cancelled_leaves_no_lease(scene: Scene) -> None:
    async with scene.listener(poll_interval=0.1) as listener:
        await listener.subscribe(["client-profiles"], scene.own)
        await anext(listener)
        with scene.connection.transaction():
            scene.run("select from wedsync_realtime.tenants for update")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(listener.subscribe(FORMS, scene.own), 0.3)
        await asyncio.sleep(0.2)
        assert scene.run("select count(*) from public.realtime_subscriptions") == (1,)
        scene.submit("wishes")
        assert await comes_nothing(listener, 0.3)


def lose_answer(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Have the first subscribe done by the server, but its answer lost so many seconds later."""
    call = rpc.call

    async def lossy(*args: Any, **arguments: Any) -> Mapping[str, Any]:
        answer = await call(*args, **arguments)
        if "channels" in arguments:
            monkeypatch.setattr(rpc, "call", call)
            await asyncio.sleep(seconds)
            raise psycopg.OperationalError("the answer was lost")
        return answer

    monkeypatch.setattr(rpc, "call", lossy)


@asynchronous
async def test_subscribe_that_is_cancelled_and_whose_answer_is_lost_leaves_no_lease(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene.listener() as listener:
        lose_answer(monkeypatch, seconds=0.4)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(listener.subscribe(FORMS, scene.own), 0.2)
        assert scene.run("select count(*) from public.realtime_subscriptions") == (1,)
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
        lose_answer(monkeypatch, seconds=LIMIT)
        opening = asyncio.create_task(listener.subscribe(FORMS, scene.own))
        await asyncio.sleep(0.2)
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
    await asyncio.sleep(0.2)
    listening.cancel()
    await asyncio.sleep(0)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert listeners[0]._connection.closed


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
        assert await comes_nothing(listener)


@asynchronous
async def test_leaving_gives_the_leases_back_and_ends_the_iteration(scene: Scene) -> None:
    async with scene.listener() as listener:
        await listener.subscribe(FORMS, scene.own)
        iterating = asyncio.create_task(take_all(listener))
        await asyncio.sleep(0.05)
    assert [type(item) for item in await iterating] == [Ready]
    assert scene.run("select count(*) from public.realtime_subscriptions") == (0,)
    with pytest.raises(ListenerClosedError):
        await listener.subscribe(FORMS, scene.own)


async def take_all(listener: Listener) -> list[Item]:
    return [item async for item in listener]


@asynchronous
async def test_leaving_ends_every_iteration(scene: Scene) -> None:
    async def count(listener: Listener) -> int:
        return len([item async for item in listener])

    async with scene.listener() as listener:
        counts = [asyncio.create_task(count(listener)) for _ in range(3)]
        await listener.subscribe(FORMS, scene.own)
        await asyncio.sleep(0.2)
    assert sum(await asyncio.gather(*counts)) == 1


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


def listen(url: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "wedsync_realtime.listener", "--database-url", url, *arguments]


def test_command_prints_events_until_told_to_stop(scene: Scene) -> None:
    command = listen(scene.url, "--json", "form-responses", str(scene.user))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert json.loads(process.stdout.readline())["item"] == "ready"
        scene.submit("wishes")
        event = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
    assert (event["item"], event["eventType"]) == ("event", "INSERT")
    assert (event["event"], event["new"]["form_name"]) == ("form_response.submitted", "wishes")
    assert scene.run("select count(*) from public.realtime_subscriptions") == (0,)


def test_command_prints_a_change_that_is_too_large(scene: Scene) -> None:
    scene.submit("wishes")
    command = listen(scene.url, "form-responses", str(scene.user))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert "listening" in process.stdout.readline()
        scene.run("update public.form_responses set form_name = repeat('x', 300000)")
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
    assert "UPDATE" in line
    assert line.endswith("payload_too_large\n")


def test_command_prints_what_looks_like_an_emoji_as_it_is(scene: Scene) -> None:
    command = listen(scene.url, "form-responses", str(scene.user))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        scene.submit("a:key:")
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
    assert "a:key:" in line


def test_command_looks_up_the_couples_of_a_supplier(scene: Scene, people: People) -> None:
    couples = {people.couple("Ann"), people.couple("Eve")}
    for couple in couples:
        people.link(scene.supplier, couple)
    command = listen(scene.url, "--json", "wedding-details", str(scene.user))
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        # whoever started the tests in the background may have them ignore it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout
        heard = {json.loads(process.stdout.readline())["subscription"]["filter"] for _ in couples}
        process.send_signal(signal.SIGINT)
    assert heard == {f"wedding_id=eq.{couple}" for couple in couples}
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("channel", "code", "text"),
    [("nothing", 1, "Unknown channel: nothing"), ("core-fields", 1, "couple_id required")],
)
def test_command_says_what_is_refused(scene: Scene, channel: str, code: int, text: str) -> None:
    command = listen(scene.url, channel, str(scene.user))
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (code, "")
    assert text in done.stderr
    assert "fix:" in done.stderr


def test_command_says_that_the_package_is_missing(empty_database: str) -> None:
    command = listen(empty_database, "form-responses", str(uuid4()))
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "make migrate" in done.stderr
