"""A listener's own connection to the database."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

from psycopg import AsyncConnection

from wedsync_realtime.listener import rpc
from wedsync_realtime.listener.bell import Bell
from wedsync_realtime.listener.items import Row
from wedsync_realtime.listener.link import Receiver

NOTIFY_CHANNEL = "wedsync_realtime"


class SqlLink:
    """A connection to the database, where notifications tell when to poll.

    conninfo: libpq URL or key=value string of a role that may become `authenticated`.
    """

    def __init__(self, conninfo: str, user_id: UUID | str, poll_interval: float) -> None:
        self.connection_id = uuid4()
        self.poll_interval = poll_interval
        self.live_interval: float | None = None
        self.has_push = False
        self._conninfo = conninfo
        self._user_id = user_id
        self._connection: AsyncConnection[Any] | None = None
        self._resting: asyncio.Timeout | None = None
        self._bell = Bell()

    @property
    def is_open(self) -> bool:
        """Whether calls can be made."""
        return self._connection is not None and not self._connection.closed

    async def open(self, receiver: Receiver) -> None:
        """Connect and listen."""
        self._receiver = receiver
        self._connection = await rpc.connect(self._conninfo)
        await self._connection.execute(f"listen {NOTIFY_CHANNEL}".encode())
        self._bell.stir()

    async def close(self) -> None:
        """Disconnect."""
        if self._connection:
            await self._connection.close()

    async def call(self, function: str, **arguments: object) -> Row:
        """Call a function as the user."""
        assert self._connection
        answer = await rpc.call(self._connection, self._user_id, function, **arguments)
        if answer.get("events"):
            self._bell.stir()
        return answer

    async def follow(self, leases: Mapping[UUID, Mapping[str, str]]) -> bool:
        """Push nothing."""
        return False

    def renew(self, connection_ids: Sequence[UUID]) -> bool:
        """Leave it to pings."""
        return False

    async def rest(self, seconds: float, channels: Sequence[str]) -> None:
        """Wait for a notification, for the program or for the time.

        Looks for notifications even when there is no time: a busy topic must not hide the others.
        """
        assert self._connection
        if channels and seconds > 0:
            look, limit = await self._bell.plan(self._connection, channels)
            if look is not None:
                self._receiver.due_within(look)
            seconds = min(each for each in (seconds, look, limit) if each is not None)
        notifications = self._connection.notifies(timeout=seconds, stop_after=1)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(None) as self._resting:
                    async for _ in notifications:
                        self._bell.stir()
                        self._receiver.due_within(0)
        finally:  # a connection that breaks ends it too, and nobody may wake it afterwards
            self._resting = None

    def wake(self) -> None:
        """End a rest."""
        if self._resting:
            self._resting.reschedule(0)
            self._resting = None
