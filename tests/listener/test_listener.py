"""The listener: every event once and in order, whatever happens to the connection."""

import asyncio
from dataclasses import replace

import psycopg
import pytest

from tests.listener.scene import FORMS, NAME, Scene, asynchronous, counted, take, take_names, until
from tests.support.callers.people import People
from tests.support.postgres.cluster import Cluster
from wedsync_realtime.listener import (
    Ready,
    Resync,
)
from wedsync_realtime.listener.sql_link import SqlLink


@asynchronous
async def test_events_arrive_once_and_in_order_after_ready(scene: Scene) -> None:
    names = [str(number) for number in range(250)]
    async with scene.listener() as listener:
        (forms,) = await listener.subscribe(FORMS, scene.own)
        assert await anext(listener) == Ready(forms)
        with scene.connection.transaction():
            scene.submit(*names)
        assert await take_names(listener, 250) == names
        scene.submit("end")
        assert await take_names(listener, 1) == ["end"]


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
        scene.submit("end")
        assert await take_names(listener, 1) == ["end"]


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
        await until(lambda: listener._items.qsize() >= 50)
        cluster.freeze_database(name)
        scene.terminate_listener()
        await until(lambda: not listener._link.is_open)
        assert await take_names(listener, 50) == [str(number) for number in range(50)]
        opening = asyncio.create_task(listener.subscribe(["client-profiles"], scene.own))
        attempts = listener._failed_attempts
        await until(lambda: listener._failed_attempts > attempts)
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
async def test_ready_waits_for_writers_that_began_before(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = counted(monkeypatch)
    with psycopg.connect(scene.url) as writer:
        writer.execute(
            "insert into public.form_responses (supplier_id) values (%s)", (scene.supplier,)
        )
        async with scene.listener() as listener:
            (forms,) = await listener.subscribe(FORMS, scene.own)
            first = asyncio.create_task(anext(listener))
            await until(lambda: answers["realtime_poll"] >= 2)
            assert not first.done()
            writer.commit()
            assert await first == Ready(forms)


@asynchronous
async def test_without_notifications_polls_deliver(scene: Scene) -> None:
    scene.run("update wedsync_realtime.settings set notify_enabled = false")
    async with scene.listener(poll_interval=0.05) as listener:
        await listener.subscribe(FORMS, scene.own)
        await anext(listener)
        scene.submit("wishes")
        assert await take_names(listener, 1) == ["wishes"]


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
async def test_cursor_counts_an_event_once_the_next_one_is_asked_for(scene: Scene) -> None:
    async with scene.listener() as listener:
        (forms,) = await listener.subscribe(FORMS, scene.own)
        await anext(listener)
        with scene.connection.transaction():
            scene.submit("first", "second")
        assert await take_names(listener, 2) == ["first", "second"]
        begin = forms.cursor
        asking = asyncio.create_task(anext(listener))
        await until(lambda: forms.cursor != begin)
        end = forms.cursor
        asking.cancel()
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
    monkeypatch.setattr("wedsync_realtime.listener.reading.PAGE", 100)
    async with scene.listener() as listener:
        await listener.subscribe(FORMS, scene.own)
        await anext(listener)
        with scene.connection.transaction():
            scene.submit(*map(str, range(500)))
        link = listener._link
        assert isinstance(link, SqlLink)
        await until(lambda: link._resting and listener._items.qsize() >= 100)
        assert listener._items.qsize() < 120
        assert await take_names(listener, 500) == [str(number) for number in range(500)]
