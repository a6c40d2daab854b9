"""A relay that starts anew lets nobody hear on whose right went while nobody could close them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

from tests.relay.scene import FORMS, Scene, asynchronous, names
from tests.relay.shared.test_hostile import raw_connection
from tests.relay.shared.test_revocation import events
from tests.support.nats.brokers import relay_configuration, running_broker
from tests.support.nats.push import VIOLATION, operator, pushed
from tests.support.nats.relay import SECRET, Relay, running_relay, token
from wedsync_realtime.relay import keys
from wedsync_realtime.relay.connections import connected
from wedsync_realtime.relay.database import Pool
from wedsync_realtime.relay.figures import Figures
from wedsync_realtime.relay.logins import Logins
from wedsync_realtime.relay.presence import Presence
from wedsync_realtime.relay.tokens import Verifier


@asynccontextmanager
async def leader(url: str, nats: str, home: Path) -> AsyncIterator[tuple[Presence, Logins]]:
    """Hold what a relay that leads knows of connections: it looks when it is told to."""
    figures = Figures(print)
    figures.leads = True
    pool = Pool(url, 1)
    async with connected(nats, keys.load(home), print) as connections:
        system = connections.system
        presence = Presence(system, pool, figures, 5)
        verifier = Verifier(SECRET, None, None)
        logins = Logins(system, keys.load(home), verifier, pool, presence, figures)
        yield presence, logins
        await asyncio.gather(*logins.tasks)
        await pool.close()


@asynchronous
async def test_right_that_went_with_the_relay_and_its_position_is_gone(
    scene: Scene, tmp_path: Path
) -> None:
    """The new one is told to have everybody read anew, and of the ends that the old one was not."""
    with ExitStack() as stack:
        broker = stack.enter_context(running_broker(tmp_path, relay_configuration(tmp_path)))
        relay = stack.enter_context(running_relay(scene.url, tmp_path, NATS_URL=broker.url))
        async with pushed(relay, scene.user) as client:
            await client.subscribe(FORMS, **scene.own)
            scene.submit("before")
            assert names(await client.take_events(1)) == ["before"]
            relay.stop()
            scene.connection.execute(
                "delete from public.user_profiles where id = %s", (scene.user,)
            )
            async with operator(relay) as admin:
                await admin.jetstream().delete_stream("WEDSYNC")
            stack.enter_context(running_relay(scene.url, tmp_path, NATS_URL=broker.url))
            scene.submit("after")
            await client.cut_off()
            assert not events(client)


@asynchronous
async def test_connection_that_turns_up_late_is_closed(relay: Relay, scene: Scene) -> None:
    """As of a server that slept: what ended meanwhile is not known."""
    async with (
        leader(scene.url, relay.nats, relay.home) as (presence, _),
        pushed(relay, scene.user) as early,
    ):
        await presence.look()
        async with pushed(relay, scene.user) as late:
            await presence.look()
            await late.cut_off()
            await early.client.flush()


@asynchronous
async def test_connection_stays_its_user_s_while_a_relay_starts(
    scene: Scene, tmp_path: Path
) -> None:
    """As long as it has not asked who is connected it does not know that this one is."""
    with running_broker(tmp_path, relay_configuration(tmp_path)) as broker:
        async with raw_connection(broker.url) as raw:
            for expected in (b"PONG", VIOLATION):
                async with leader(scene.url, broker.url, tmp_path) as (presence, logins):
                    await presence.begin()
                    await logins.begin()
                    await asyncio.gather(*logins.tasks)  # those who asked before come again
                    answer = await raw.log_in(token(scene.user), uuid4())
                    assert answer.startswith(expected)
