"""Whoever loses a right is cut off before anything that was committed afterwards is published."""

import asyncio
import os
import random
import threading
from uuid import UUID

import psycopg
from nats.aio.msg import Msg

from tests.relay.scene import FORMS, Scene, asynchronous, names, until
from tests.support.nats.push import Push, control, pushed
from tests.support.nats.relay import Relay

ROUNDS = 1000 if os.environ.get("WEDSYNC_LONG") else 12
WAYS = (
    "update public.user_profiles set supplier_id = null where id = %s",
    "update public.user_profiles set user_type = 'couple' where id = %s",
    "delete from public.user_profiles where id = %s",
    "select wedsync_realtime.disconnect(%s)",
)


@asynchronous
async def test_nothing_arrives_that_was_committed_after_the_revocation(
    relay: Relay, scene: Scene
) -> None:
    """Names count up, so that the one before a revocation is known."""
    writer = Writer(scene)
    writer.start()
    try:
        for number in range(ROUNDS):
            user = scene.people.supplier_user(scene.supplier, f"user {number}")
            async with pushed(relay, user) as client:
                await client.subscribe(FORMS, **scene.own)
                await client.take_events(2)
                last = await asyncio.to_thread(writer.revoke, user)
                await client.cut_off()
                received = [int(name) for name in names(events(client))]
                assert not received or max(received) <= last
    finally:
        writer.stop()


@asynchronous
async def test_login_during_the_revocation_is_cut_off_too(relay: Relay, scene: Scene) -> None:
    """Whatever the moment: either the login already knows, or it is closed."""
    writer = Writer(scene)
    writer.start()
    try:
        for number in range(ROUNDS):
            user = scene.people.supplier_user(scene.supplier, f"user {number}")
            async with pushed(relay, user) as client:
                await client.subscribe(FORMS, **scene.own)
                await client.close()
                client.got = asyncio.Queue()
                login = asyncio.create_task(client.log_in())
                await asyncio.sleep(0.002 * (number % 12))
                last = await asyncio.to_thread(writer.revoke, user)
                await asyncio.wait([login])
                login.exception()
                await asyncio.to_thread(writer.await_published, 5)
                received = [int(name) for name in names(events(client))]
                assert not received or max(received) <= last
    finally:
        writer.stop()


@asynchronous
async def test_right_that_goes_right_after_an_unsubscribe_is_gone(
    relay: Relay, scene: Scene
) -> None:
    """No lease is left to end then, and the connection may still listen."""
    for number, way in enumerate(WAYS):
        user = scene.people.supplier_user(scene.supplier, f"user {number}")
        async with pushed(relay, user) as client:
            lease = await client.subscribe(FORMS, **scene.own)
            scene.submit("before")
            assert names(await client.take_events(1)) == ["before"]
            answer = await client.call("unsubscribe", channel=lease["channel"])
            assert answer.headers == {"Status": "200"}
            scene.connection.execute(way, (user,))
            scene.submit("after")
            await client.cut_off()
            assert not events(client)


@asynchronous
async def test_connection_that_keeps_other_subscriptions_may_come_back(
    relay: Relay, scene: Scene
) -> None:
    async with pushed(relay, scene.user) as client:
        await client.subscribe(FORMS, **scene.own)
        lease = await client.subscribe("client-profiles", **scene.own)
        answer = await client.call("unsubscribe", channel=lease["channel"])
        assert answer.headers == {"Status": "200"}
        await client.cut_off()
        await client.log_in()
        scene.submit("wishes")
        assert names(await client.take_events(1)) == ["wishes"]
        await until(lambda: client.errors)
        assert "permissions violation" in client.errors[-1].lower()


def events(client: Push) -> list[Msg]:
    """Return the events that a client has got and not looked at."""
    found = [client.got.get_nowait() for _ in range(client.got.qsize())]
    return [each for each in found if control(each) is None]


class Writer:
    """Somebody who writes forms without a pause, named by numbers that count up."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._number = 0
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._end.set()
        self._thread.join()

    def revoke(self, user: UUID) -> int:
        """Take a user's rights away; return the number written last before that was committed."""
        with self._lock:
            self._scene.connection.execute(random.choice(WAYS), (user,))
            return self._number

    def await_published(self, count: int) -> None:
        """Return when so many more were written."""
        target = self._number + count
        while self._number < target:
            self._end.wait(0.01)

    def _run(self) -> None:
        with psycopg.connect(self._scene.url, autocommit=True) as connection:
            while not self._end.wait(0.002):
                with self._lock:
                    self._number += 1
                    connection.execute(
                        "insert into public.form_responses (supplier_id, form_name)"
                        " values (%s, %s)",
                        (self._scene.supplier, str(self._number)),
                    )
