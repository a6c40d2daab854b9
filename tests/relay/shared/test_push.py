"""Events reach clients through NATS: as poll answers them, and with the cursor to go on from."""

import psycopg

from tests.relay.scene import FORMS, Scene, asynchronous, body, names
from tests.support.nats.push import control, operator, pushed
from tests.support.nats.relay import Relay


@asynchronous
async def test_event_comes_as_poll_answers_it(relay: Relay, scene: Scene) -> None:
    async with pushed(relay, scene.user) as client:
        lease = await client.subscribe(FORMS, **scene.own)
        assert lease["subject"] == f"wedsync.event.{FORMS}.{scene.supplier}"
        scene.submit("wishes")
        (event,) = await client.take_events(1)
        answer = await client.call("poll", channel=lease["channel"], cursor=lease["cursor"])
        (polled,) = body(answer)["events"]
        assert event.headers
        assert event.headers["Nats-Msg-Id"] == str(polled["id"])
        polled.pop("channel")
        assert body(event) == polled
        after = event.headers["Wedsync-Cursor"]
        answer = await client.call("poll", channel=lease["channel"], cursor=after)
        assert body(answer)["events"] == []
        assert answer.headers == {"Status": "200"}
        scene.submit("menu")
        answer = await client.call("poll", channel=lease["channel"], cursor=after)
        assert [event["new"]["form_name"] for event in body(answer)["events"]] == ["menu"]
        assert names(await client.take_events(1)) == ["menu"]


@asynchronous
async def test_what_nats_does_not_take_is_left_to_be_read_anew(relay: Relay, scene: Scene) -> None:
    """As JSON a control character takes six times its room."""
    async with pushed(relay, scene.user) as client:
        lease = await client.subscribe(FORMS, **scene.own)
        scene.submit("\x01" * 200_000, "wishes")
        messages = await client.take()
        while not control(messages[-1]) or control(messages[-1]) == "ready":
            messages = await client.take()
        (resync,) = messages
        assert control(resync) == "resync"
        assert body(resync) == {"reason": "payload_too_large"}
        assert names(await client.take_events(1)) == ["wishes"]
        page = body(await client.call("poll", channel=lease["channel"], cursor=lease["cursor"]))
        assert page["resyncRequired"]
        assert page["reason"] == "payload_too_large"
        assert page["events"] == []
        assert page["hasMore"]
        page = body(await client.call("poll", channel=lease["channel"], cursor=page["cursor"]))
        assert [event["new"]["form_name"] for event in page["events"]] == ["wishes"]
        assert resync.headers
        after = resync.headers["Wedsync-Cursor"]
        page = body(await client.call("poll", channel=lease["channel"], cursor=after))
        assert [event["new"]["form_name"] for event in page["events"]] == ["wishes"]


@asynchronous
async def test_page_is_as_long_as_nats_takes_it(relay: Relay, scene: Scene) -> None:
    """The rows hold words of an event's frame."""
    sent = [f"{number} {'x' * 100_000}" for number in range(25)]
    async with pushed(relay, scene.user) as client:
        lease = await client.subscribe(FORMS, **scene.own)
        for name in sent:
            scene.connection.execute(
                """
                insert into public.form_responses (supplier_id, form_name, responses)
                values (%s, %s, '[{"commit_timestamp": 1}, {"commit_timestamp": 2}]')
                """,
                (scene.supplier, name),
            )
        cursor, got, pages = lease["cursor"], list[str](), 0
        while len(got) < len(sent):
            answer = await client.call("poll", channel=lease["channel"], cursor=cursor)
            page = body(answer)
            assert not page["resyncRequired"]
            got += [event["new"]["form_name"] for event in page["events"]]
            cursor = page["cursor"]
            pages += 1
        assert got == sent
        assert pages <= 4


@asynchronous
async def test_filters_have_subjects_of_their_own(relay: Relay, scene: Scene) -> None:
    where = [{"column": "form_name", "op": "eq", "value": "menu"}]
    colleague = scene.people.supplier_user(scene.supplier, "colleague")
    async with pushed(relay, scene.user) as all_forms, pushed(relay, colleague) as one_form:
        every = await all_forms.subscribe(FORMS, **scene.own)
        some = await one_form.subscribe(FORMS, **scene.own, where=where)
        assert some["subject"].startswith(f"{every['subject']}.")
        scene.submit("wishes", "menu", "music")
        received = await all_forms.take_events(3)
        assert names(received) == ["wishes", "menu", "music"]
        (filtered,) = await one_form.take_events(1)
        (whole,) = [each for each in received if names([each]) == ["menu"]]
        assert filtered.data == whole.data
        assert filtered.headers
        assert whole.headers
        for header in ("Nats-Msg-Id", "Wedsync-Cursor"):
            assert filtered.headers[header] == whole.headers[header]


@asynchronous
async def test_other_tenants_hear_nothing(relay: Relay, scene: Scene) -> None:
    rival = scene.people.supplier("Rival")
    async with (
        pushed(relay, scene.user) as own,
        pushed(relay, scene.people.supplier_user(rival, "rival")) as other,
    ):
        await own.subscribe(FORMS, **scene.own)
        await other.subscribe(FORMS, supplier_id=str(rival))
        scene.submit("wishes")
        scene.submit("theirs", supplier=rival)
        assert names(await other.take_events(1)) == ["theirs"]
        assert names(await own.take_events(1)) == ["wishes"]


@asynchronous
async def test_deleted_stream_is_made_anew_and_clients_are_told_to_resync(
    relay: Relay, scene: Scene
) -> None:
    async with pushed(relay, scene.user) as client, operator(relay) as admin:
        await client.subscribe(FORMS, **scene.own)
        scene.submit("before")
        await client.take_events(1)
        await admin.jetstream().delete_stream("WEDSYNC")
        scene.submit("lost")
        while control(told := (await client.take())[0]) != "resync":
            pass
        assert body(told) == {"reason": "stream_restarted"}
        scene.submit("after")
        assert names(await client.take_events(1)) == ["after"]


@asynchronous
async def test_settled_topic_is_told_to_be_ready(relay: Relay, scene: Scene) -> None:
    async with pushed(relay, scene.user) as client:
        with psycopg.connect(scene.url) as writer:
            writer.execute("lock table public.form_responses in row exclusive mode")
            writer.execute("select pg_current_xact_id()")
            lease = await client.subscribe(FORMS, **scene.own)
            answer = await client.call("poll", channel=lease["channel"], cursor=lease["cursor"])
            assert body(answer)["ready"] is False
        answer = await client.call("poll", channel=lease["channel"], cursor=lease["cursor"])
        assert body(answer)["ready"] is True
        while control((await client.take())[0]) != "ready":
            pass
