"""Two relays share the work: one reads the feed, both let clients in, either may go."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.relay.scene import FORMS, Scene, asynchronous, names, until
from tests.relay.shared.test_revocation import Writer, events
from tests.support.nats.brokers import relay_configuration, running_broker
from tests.support.nats.push import pushed
from tests.support.nats.relay import Relay, running_relay

ROUNDS = 10
BOTH = "select count(*) = 2 from wedsync_realtime.relays where logins > 0"


@pytest.fixture
def pair(database: str, tmp_path: Path) -> Iterator[tuple[Relay, Relay]]:
    """Run two relays on one NATS server; the first one leads."""
    text = relay_configuration(tmp_path)
    with running_broker(tmp_path, text) as broker, ExitStack() as stack:
        made = [
            stack.enter_context(running_relay(database, tmp_path, NATS_URL=broker.url))
            for _ in range(2)
        ]
        yield made[0], made[1]


@asynchronous
async def test_other_relay_goes_on_when_the_leader_ends(
    pair: tuple[Relay, Relay], scene: Scene
) -> None:
    async with pushed(pair[1], scene.user) as client:
        await client.subscribe(FORMS, **scene.own)
        scene.submit("one")
        assert names(await client.take_events(1)) == ["one"]
        assert pair[0].stop()[0] == 0
        scene.submit("two")
        assert names(await client.take_events(1)) == ["two"]


@asynchronous
async def test_login_that_the_other_answers_is_cut_off_too(
    pair: tuple[Relay, Relay], scene: Scene
) -> None:
    writer = Writer(scene)
    writer.start()
    try:
        for number in range(ROUNDS):
            user = scene.people.supplier_user(scene.supplier, f"user {number}")
            async with pushed(pair[0], user) as client:
                await client.subscribe(FORMS, **scene.own)
                await client.close()
                client.got = asyncio.Queue()
                login = asyncio.create_task(client.log_in())
                await asyncio.sleep(0.003 * (number % 10))
                last = await asyncio.to_thread(writer.revoke, user)
                await asyncio.wait([login])
                login.exception()
                await asyncio.to_thread(writer.await_published, 5)
                received = [int(name) for name in names(events(client))]
                assert not received or max(received) <= last
    finally:
        writer.stop()
    await until(lambda: scene.value(BOTH))  # had logins to answer
