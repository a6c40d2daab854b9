"""What clients call over NATS is answered as PostgREST would, within bounds."""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

from nats.aio.msg import Msg

from tests.relay.scene import FORMS, Scene, asynchronous, body
from tests.support.nats.push import Push, pushed
from tests.support.nats.relay import Relay
from wedsync_realtime.relay.calls import AT_ONCE

CONNECTIONS, LIMIT = 12, 7
TOO_MANY = "Too many calls at once"


def status(answer: Msg) -> int:
    """Return the HTTP status of an answer, which is that of a refusal's body too."""
    assert answer.headers
    told = int(answer.headers["Status"])
    assert body(answer).get("status", told) in (told, "closed")
    return told


@asynchronous
async def test_functions_of_the_contract(relay: Relay, scene: Scene) -> None:
    async with pushed(relay, scene.user) as client:
        lease = await client.subscribe(FORMS, **scene.own)
        mine = {"connection_id": str(client.connection_id)}
        told: dict[str, dict[str, Any]] = {}
        for function, arguments in {
            "ping": {"channel_name": FORMS, **mine},
            "poll": {"channel": lease["channel"], "max_events": 5, "cursor": None},
            "status": {},
            "unsubscribe": {"channel": lease["channel"]},
            "unsubscribe_all": mine,
        }.items():
            answer = await client.call(function, **arguments)
            told[function] = body(answer)
            assert status(answer) == 200, told
            if function == "unsubscribe":
                await client.cut_off()
                await client.log_in()
        assert told["ping"]["pinged"] == 1
        assert told["poll"]["events"] == []
        assert told["status"]["activeChannels"] == [FORMS]
        assert told["unsubscribe"]["status"] == "closed"
        assert told["unsubscribe_all"]["closed"] == 0


@asynchronous
async def test_refusals_come_as_from_the_functions(relay: Relay, scene: Scene) -> None:
    rival = scene.people.supplier("Rival")
    async with pushed(relay, scene.user) as client:
        for arguments, code in (
            ({"channels": ["weather"]}, "unknown_channel"),
            ({"channels": [FORMS]}, "filter_required"),
            ({"channels": [FORMS], "filters": {"supplier_id": str(rival)}}, "forbidden_channel"),
        ):
            answer = await client.call("subscribe", **arguments)
            assert body(answer)["code"] == code
            assert status(answer) == body(answer)["status"]


@asynchronous
async def test_bad_bodies_are_refused(relay: Relay, scene: Scene) -> None:
    bodies = {
        b"not JSON": 400, b"[]": 400, b"null": 400, b'"text"': 400, b"\xff\xfe": 400,
        b"[" * 50_000: 400, b'{"unknown": 1}': 400, b'{"channels": "form-responses"}': 400,
        b'{"channels": [1]}': 400, b'{"connection_id": "me"}': 400, b'{"channel_name": "x"}': 400,
        b'{"channels": ["\\u0000"]}': 400, b'{"channels": ["\\ud800"]}': 400,
        b'{"filters": "x", "channels": ["form-responses"]}': 400,
        json.dumps({"channels": ["x" * 1_000_000]}).encode(): 413,
    }  # fmt: skip
    async with pushed(relay, scene.user) as client:
        for sent, expected in bodies.items():
            answer = await client.ask("subscribe", sent)
            assert status(answer) == expected, sent[:40]
            assert body(answer)["success"] is False
        for function in ("drop_everything", "subscribe; select 1", 'status"', "connection_stats"):
            if " " not in function:
                assert status(await client.ask(function, b"{}")) == 404
        assert status(await client.ask("status", b"")) == 200


@asynchronous
async def test_bodies_are_refused_however_deep(relay: Relay, scene: Scene) -> None:
    deepest = sys.getrecursionlimit()
    async with pushed(relay, scene.user) as client:
        for depth in range(deepest - 60, deepest):
            sent = b'{"connection_id": %s%s}' % (b"[" * depth, b"]" * depth)
            assert status(await client.ask("ping", sent)) == 400, depth


@asynchronous
async def test_answer_goes_to_the_inbox_of_the_caller_alone(relay: Relay, scene: Scene) -> None:
    rival = scene.people.supplier_user(scene.people.supplier("Rival"), "rival")
    async with pushed(relay, scene.user) as client, pushed(relay, rival) as other:
        lease = await client.subscribe(FORMS, **scene.own)
        await other.client.subscribe(f"_INBOX.{rival}.>", cb=other.got.put)
        await other.client.flush()
        for target in (
            f"_INBOX.{rival}.x", lease["subject"], lease["subject"].replace("event", "in"),
            "wedsync.relay.leader", f"wedsync.rpc.{rival}.unsubscribe_all",
        ):  # fmt: skip
            request = f"wedsync.rpc.{scene.user}.status"
            await client.client.publish(request, b"{}", reply=target)
        assert status(await client.call("status")) == 200
        assert other.got.empty()
        assert client.got.empty()


@asynchronous
async def test_one_user_cannot_use_up_the_connections(relay: Relay, scene: Scene) -> None:
    async with pushed(relay, scene.user) as client:
        answers = await asyncio.gather(*(client.call("status") for _ in range(200)))
        found = [status(answer) for answer in answers]
        assert set(found) <= {200, 429}
        assert found.count(200) >= 4
        assert status(await client.call("status")) == 200


@asynchronous
async def test_limits_hold_exactly_when_calls_race(relay: Relay, scene: Scene) -> None:
    scene.value("select wedsync_realtime.set_limit(%s, %s)", scene.supplier, LIMIT)
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(pushed(relay, scene.user)) for _ in range(CONNECTIONS)
        ]

        answered = asyncio.Semaphore(0)

        async def subscribe(client: Push) -> str:
            """Call until it reaches the database, and return what came of it.

            Again when another call has been answered: at once would be a flood, and cut off.
            """
            arguments = {"channels": [FORMS], "filters": scene.own, "connection_id": uuid4()}
            while True:
                answer = body(await client.call("subscribe", **arguments))
                if answer.get("error") != TOO_MANY:
                    answered.release()
                    return str(answer.get("code", "subscribed"))
                await answered.acquire()

        told = await asyncio.gather(*(subscribe(client) for client in clients * AT_ONCE))
    assert told.count("subscribed") == LIMIT
    assert set(told) <= {"subscribed", "connection_limit", "rate_limited"}
    held = "select count(*) from public.realtime_subscriptions where user_id = %s"
    assert scene.value(held, scene.user) == LIMIT
