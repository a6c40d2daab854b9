"""Leases live as long as their connection, and end soon after it."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest

from tests.relay.scene import FORMS, Scene, asynchronous, until
from tests.support.callers.caller import caller
from tests.support.nats.push import pushed
from tests.support.nats.relay import PLACES, Relay, running_relay

GRACE = 2  # seconds in which a client may come back
ENDED = """
    select count(*) from public.realtime_activity_logs as l
    where l.payload ->> 'connectionId' = %s and l.payload ->> 'reason' = 'connection gone'
"""
# by less than five minutes, even of one that is in doubt after the login that it began with
AGE = """
    update public.realtime_subscriptions set last_ping_at = last_ping_at - interval '3 minutes'
    where connection_id = %s
"""
OFTEN = """
    create or replace function wedsync_realtime.renewal_interval() returns interval
    language sql as $$ select interval '0' $$
"""
IS_FRESH = """
    select last_ping_at > clock_timestamp() - interval '1 minute'
    from public.realtime_subscriptions where connection_id = %s
"""


@pytest.fixture
def relay(database: str, tmp_path: Path) -> Iterator[Relay]:
    """Run a relay that waits for clients to come back for as long as the tests do."""
    with running_relay(database, tmp_path, *PLACES, "--grace", str(GRACE)) as relay:
        yield relay


@asynchronous
async def test_leases_of_a_connection_that_is_gone_end(relay: Relay, scene: Scene) -> None:
    async with pushed(relay, scene.user) as client:
        await client.subscribe(FORMS, **scene.own)
    await until(lambda: scene.value(ENDED, str(client.connection_id)) == 1)
    assert scene.value("select count(*) from public.realtime_subscriptions") == 0


@asynchronous
async def test_client_that_polls_on_keeps_its_leases(relay: Relay, scene: Scene) -> None:
    other_user = scene.people.supplier_user(scene.supplier, "other")
    is_late = True
    while is_late:
        async with pushed(relay, scene.user) as client:
            lease = await client.subscribe(FORMS, **scene.own)
            ended = threading.Event()
            polling = asyncio.create_task(asyncio.to_thread(poll, scene, lease["channel"], ended))
        try:
            async with pushed(relay, other_user) as gone:
                await gone.subscribe(FORMS, **scene.own)
            await until(lambda: scene.value(ENDED, str(gone.connection_id)) == 1)
        finally:
            ended.set()
            is_answered, longest = await polling
        is_late = longest > GRACE / 4
    assert is_answered
    assert scene.value(ENDED, str(client.connection_id)) == 0
    assert scene.value(IS_FRESH, client.connection_id)


def poll(scene: Scene, channel: str, ended: threading.Event) -> tuple[bool, float]:
    """Poll a channel again and again; return whether all went well, and the longest time apart."""
    is_answered, longest, last = True, 0.0, monotonic()
    with caller(scene.url, scene.user) as user:
        while not ended.wait(0.1):
            is_answered &= user.rpc("realtime_poll", channel=channel)["success"]
            longest, last = max(longest, monotonic() - last), monotonic()
    return is_answered, longest


@asynchronous
async def test_client_that_comes_back_keeps_its_leases(relay: Relay, scene: Scene) -> None:
    other_user = scene.people.supplier_user(scene.supplier, "other")
    async with pushed(relay, scene.user) as client, pushed(relay, other_user) as gone:
        is_late = True
        while is_late:
            client.connection_id, client.subjects = uuid4(), []
            await client.subscribe(FORMS, **scene.own)
            left_at = monotonic()
            await client.close()
            await until(lambda: not scene.value(IS_FRESH, client.connection_id))  # in doubt
            await client.log_in()
            is_late = monotonic() - left_at > GRACE * 0.75
        await gone.subscribe(FORMS, **scene.own)
        await gone.close()
        await until(lambda: scene.value(ENDED, str(gone.connection_id)) == 1)
        assert scene.value(ENDED, str(client.connection_id)) == 0


@asynchronous
async def test_leases_of_a_connection_that_is_up_are_renewed(scene: Scene, tmp_path: Path) -> None:
    """As often as the database says, which here is all the time."""
    scene.connection.execute(OFTEN)
    with running_relay(scene.url, tmp_path) as relay:
        async with pushed(relay, scene.user) as client:
            await client.subscribe(FORMS, **scene.own)
            for _ in range(3):
                scene.connection.execute(AGE.encode(), (client.connection_id,))
                await until(lambda: bool(scene.value(IS_FRESH, client.connection_id)))
