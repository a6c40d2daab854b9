"""A client that goes from push to poll and back whenever something breaks, and misses nothing."""

import asyncio
import json
import random
from contextlib import suppress
from time import monotonic
from typing import Any
from uuid import UUID

from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from tests.relay.scene import FORMS, body
from tests.support.nats.push import Push, control
from tests.support.nats.relay import Relay

PAUSE = 0.1  # seconds between attempts
ANSWER = 20.0  # seconds for a login or a call
LISTENS, POLLS = 2.0, 0.5  # seconds at most, until it does the other


class Follower(Push):
    """Follows the forms of a supplier. told: their names in the order of their coming."""

    def __init__(self, relay: Relay, user: UUID, supplier: UUID) -> None:
        super().__init__(relay, user)
        self.told: list[str] = []
        self._own = {"supplier_id": str(supplier)}
        self._lease: dict[str, Any] = {}
        self._cursor: str | None = None
        self._seen: set[int] = set()
        self._sequence: str | None = None
        self.is_following = asyncio.Event()

    async def follow(self) -> None:
        """Go on until cancelled."""
        while True:
            with suppress(NatsError, OSError, TimeoutError, AssertionError):
                if not self._lease:
                    async with asyncio.timeout(ANSWER):
                        await self.log_in()
                        self._lease = await self.subscribe(FORMS, **self._own)
                    self._cursor = self._cursor or self._lease["cursor"]
                async with asyncio.timeout(ANSWER):
                    await self.log_in()
                while not self.lost.is_set():
                    await self._listen(random.uniform(0, LISTENS))
                    for _ in range(random.randint(0, int(POLLS / PAUSE))):
                        await self._poll()
                        await asyncio.sleep(PAUSE)
            await asyncio.sleep(PAUSE)

    async def _listen(self, seconds: float) -> None:
        """Apply what is pushed from now on, after what is polled once."""
        while not self.got.empty():
            self.got.get_nowait()
        self._sequence = None
        await self._poll()
        self.is_following.set()
        end = monotonic() + seconds
        while not self.lost.is_set() and monotonic() < end:
            try:
                async with asyncio.timeout(PAUSE):
                    message = await self.got.get()
            except TimeoutError:
                continue
            await self._take(message)

    async def _take(self, message: Msg) -> None:
        """Apply an event; poll where the one before it has not come, or something else is told."""
        headers = message.headers or {}
        last, self._sequence = self._sequence, headers["Nats-Sequence"]
        if control(message) or last != headers["Nats-Last-Sequence"]:
            await self._poll()
        if not control(message):
            self._apply(body(message), headers["Wedsync-Cursor"])

    async def _poll(self) -> None:
        has_more = True
        while has_more:
            async with asyncio.timeout(ANSWER):  # lost with the server that the relay was on
                answer = await self.call(
                    "poll", channel=self._lease["channel"], cursor=self._cursor
                )
            told = json.loads(answer.data)
            if told.get("code") in ("subscription_expired", "subscription_not_found"):
                self._lease = {}
            assert told["success"], told
            assert not told["resyncRequired"], told
            for event in told["events"]:
                self._apply(event, None)
            self._cursor, has_more = told["cursor"], told["hasMore"]

    def _apply(self, event: dict[str, Any], cursor: str | None) -> None:
        if event["id"] not in self._seen:
            self._seen.add(event["id"])
            self.told.append(event["new"]["form_name"])
            self._cursor = cursor or self._cursor
