"""Listeners of many users in one process: what is new is read once for all of them."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

import psycopg
from psycopg import AsyncConnection

from wedsync_realtime.connection.tasks import cancel
from wedsync_realtime.listener import rpc
from wedsync_realtime.listener.feed import Feed, Pair
from wedsync_realtime.listener.items import Row
from wedsync_realtime.listener.link import POLL_INTERVAL, Receiver
from wedsync_realtime.listener.listener import Listener

LIVE_INTERVAL = 600.0  # seconds between polls of what is pushed, which move quiet cursors on


class Hub:
    """Two connections for the listeners of any number of users: one reads, the other calls.

    conninfo: libpq URL or key=value string of a role that may become `authenticated`. As a member
    of wedsync_realtime_relay it reads each change once, however many subscriptions have a use for
    it; otherwise every subscription polls.

    Use it with `async with`, around its listeners.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._opening = asyncio.Lock()
        self._calls: AsyncConnection[Any] | None = None
        self.feed = Feed(conninfo)

    async def __aenter__(self) -> Self:
        await self.open()
        try:
            await self.feed.open()
        except BaseException:
            await self.close()
            raise
        self._task = asyncio.create_task(self.feed.run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await cancel(self._task)
        finally:
            await self.feed.close()
            await self.close()

    def listener(self, user_id: UUID | str, *, poll_interval: float = POLL_INTERVAL) -> Listener:
        """Return a listener for a user; it is entered and left like any other."""
        return Listener.over(_HubLink(self, user_id, poll_interval))

    @property
    def is_open(self) -> bool:
        """Whether calls can be made."""
        return self._calls is not None and not self._calls.closed

    async def open(self) -> None:
        """Connect for calls, unless another listener has; raises psycopg.Error."""
        async with self._opening:
            if not self.is_open:
                self._calls = await rpc.connect(self._conninfo)

    async def close(self) -> None:
        """Disconnect for calls."""
        if self._calls:
            await self._calls.close()

    async def call(self, user_id: UUID | str, function: str, **arguments: object) -> Row:
        """Call a function as a user."""
        if self._calls is None or self._calls.closed:
            raise psycopg.OperationalError("the connection is closed")
        return await rpc.call(self._calls, user_id, function, **arguments)


class _HubLink:
    """A user's share of a hub."""

    def __init__(self, hub: Hub, user_id: UUID | str, poll_interval: float) -> None:
        self.connection_id = uuid4()
        self.poll_interval = poll_interval
        self.live_interval: float | None = LIVE_INTERVAL
        self.is_open = False
        self.channels: Sequence[str] = ()
        self._hub = hub
        self._user_id = user_id
        self._subjects: set[str] = set()
        self._news = asyncio.Event()

    @property
    def has_push(self) -> bool:
        """Whether the hub reads what is new."""
        return self._hub.feed.drains

    async def open(self, receiver: Receiver) -> None:
        """Connect the hub, where it is not."""
        await self._hub.open()
        self._receiver = receiver
        self._hub.feed.members[self] = receiver
        self.is_open = True

    async def close(self) -> None:
        """Leave the hub."""
        self.is_open = False
        self._hub.feed.forget(self, self._subjects)
        self._hub.feed.members.pop(self, None)
        self._subjects = set()

    async def call(self, function: str, **arguments: object) -> Row:
        """Call a function as the user."""
        answer = await self._hub.call(self._user_id, function, **arguments)
        if answer.get("events"):
            self._hub.feed.stir()
        return answer

    async def follow(self, leases: Mapping[UUID, Mapping[str, str]]) -> bool:
        """Have the hub hand over what these subjects bring."""
        subjects = {subject for held in leases.values() for subject in held.values()}
        self._hub.feed.forget(self, self._subjects - subjects)
        for subject in subjects - self._subjects:
            self._hub.feed.hearing.setdefault(subject, {})[self] = self._receiver
        self._subjects = subjects
        return False

    def renew(self, connection_ids: Sequence[UUID]) -> bool:
        """Have the hub renew the leases with those of the others."""
        pairs: list[Pair] = [(UUID(str(self._user_id)), each) for each in connection_ids]
        return self._hub.feed.renew(pairs)

    async def rest(self, seconds: float, channels: Sequence[str]) -> None:
        """Wait for the hub, for the program or for the time."""
        self.channels = channels
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()

    def wake(self) -> None:
        """End a rest."""
        self._news.set()
