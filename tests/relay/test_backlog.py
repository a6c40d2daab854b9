"""Answers that NATS has yet to deliver are bounded, so that nobody's wait behind another's."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import uuid4

from nats.aio.client import Client
from nats.aio.msg import Msg

from tests.relay.scene import asynchronous
from wedsync_realtime.relay.calls import UNDELIVERED, Calls
from wedsync_realtime.relay.database import Pool
from wedsync_realtime.relay.presence import Presence


class Busy:
    """A connection whose server takes answers and delivers none until it is told to."""

    def __init__(self) -> None:
        self.answered: list[str] = []
        self.delivers = asyncio.Event()
        self.take: Callable[[Msg], Awaitable[None]]

    async def subscribe(self, _subject: str, *, cb: Any, **_: Any) -> None:
        self.take = cb

    async def publish(self, subject: str, _body: bytes, **_: Any) -> None:
        self.answered.append(subject)

    async def flush(self, _seconds: float) -> None:
        await self.delivers.wait()


@asynchronous
async def test_no_more_is_answered_than_may_wait_to_be_delivered() -> None:
    busy, user, other = Busy(), uuid4(), uuid4()
    client = cast(Client, busy)
    calls = Calls(client, Pool("", 1), cast(Presence, None))
    await calls.begin()

    async def call(whose: object) -> None:
        request = Msg(client, f"wedsync.rpc.{whose}.no_function", f"_INBOX.{whose}.x")
        await busy.take(request)
        await asyncio.sleep(0)

    for _ in range(UNDELIVERED + 1):
        await call(user)
    assert len(busy.answered) == UNDELIVERED
    await call(other)
    assert busy.answered[UNDELIVERED:] == [f"_INBOX.{other}.x"]
    busy.delivers.set()
    await asyncio.wait(calls.tasks)
    await call(user)
    assert busy.answered[UNDELIVERED + 1 :] == [f"_INBOX.{user}.x"]
