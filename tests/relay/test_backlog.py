"""Answers that NATS has yet to deliver are bounded, so that nobody's wait behind another's."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from nats.aio.msg import Msg

from tests.relay.scene import Scene, asynchronous, until
from tests.support.nats.brokers import relay_configuration, running_broker
from tests.support.waiting import PATIENCE
from wedsync_realtime.relay import calls, keys
from wedsync_realtime.relay.calls import UNDELIVERED, Calls
from wedsync_realtime.relay.connections import connected
from wedsync_realtime.relay.database import Pool
from wedsync_realtime.relay.figures import Figures
from wedsync_realtime.relay.presence import Presence


class Waiting(Calls):
    """Serves what has come once it is told to begin: as if a server had delivered all at once."""

    def __init__(self, *of: Any) -> None:
        super().__init__(*of)
        self.told = asyncio.Event()

    async def _take(self, request: Msg) -> None:
        await self.told.wait()
        await super()._take(request)


@asynchronous
async def test_no_more_is_answered_than_may_wait_to_be_delivered(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "PATIENCE", PATIENCE)
    user, other = str(uuid4()), str(uuid4())
    answered: Counter[str] = Counter()

    async def hear(answer: Msg) -> None:
        answered[answer.subject.split(".")[1]] += 1

    with running_broker(tmp_path, relay_configuration(tmp_path)) as broker:
        async with connected(broker.url, keys.load(tmp_path), print) as connections:
            pool = Pool(scene.url, 1)
            serving = Waiting(
                connections.calls, pool, Presence(connections.system, pool, Figures(print), 0)
            )
            await serving.begin()
            await connections.calls.flush(PATIENCE)
            await connections.app.subscribe("_INBOX.*.x", cb=hear)
            sent = [user] * (UNDELIVERED + 1) + [other]
            taken = connections.calls.stats["in_msgs"] + len(sent)
            for each in sent:
                await connections.app.publish(
                    f"wedsync.rpc.{each}.no_function", reply=f"_INBOX.{each}.x"
                )
            await until(lambda: connections.calls.stats["in_msgs"] == taken)
            broker.stop()
            serving.told.set()
            try:
                await until(lambda: serving._owed.keys() == {user, other})
                assert len(serving.tasks) == UNDELIVERED + 1
            finally:
                broker.go_on()
            await until(lambda: not serving.tasks)
            await connections.app.flush(PATIENCE)
            await until(lambda: answered[other] == 1)
            assert answered[user] == UNDELIVERED
            await connections.app.publish(f"wedsync.rpc.{user}.none", reply=f"_INBOX.{user}.x")
            await until(lambda: answered[user] == UNDELIVERED + 1)
