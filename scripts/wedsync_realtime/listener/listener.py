"""Listen to many subscriptions over a link, which is opened again whenever it breaks."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import psycopg

from wedsync_realtime.connection.tasks import cancel
from wedsync_realtime.listener.items import (
    Item,
    ListenerClosedError,
    Mark,
    RefusedError,
    Row,
    Subscription,
)
from wedsync_realtime.listener.leases import Leases
from wedsync_realtime.listener.link import LOST, POLL_INTERVAL, Link
from wedsync_realtime.listener.sql_link import SqlLink

AHEAD = 1000  # items fetched before the program takes them
SHORTEST_DELAY, LONGEST_DELAY = 0.1, 30.0  # seconds, between which reconnecting backs off
CLOSE_LIMIT = 5.0  # seconds


@dataclass
class _Job:
    """Work for the task that has the connection; begun anew when the connection breaks.

    undo: takes the result, where nobody waits for it any more.
    has_begun: the server may have done it, though the answer was lost.
    """

    work: Callable[[], Awaitable[Any]]
    result: "asyncio.Future[Any]"
    undo: Callable[[Any], Awaitable[Any]] | None = None
    has_begun: bool = False


class Listener:
    """An asynchronous iterator over the events of a user's subscriptions.

    conninfo: libpq URL or key=value string of a role that may become `authenticated`.
    user_id: whom the calls are made for.
    poll_interval: seconds between polls when nobody wakes it, as where NOTIFY is off.

    Use it with `async with`; the leases are given back on leaving. Iterating raises RefusedError
    when a subscription has ended because the user may not listen any more; the others go on, and
    so may the iteration. It raises psycopg.Error when the calls themselves fail. A lost connection
    is not reported: nothing is missed or repeated by it.
    """

    def __init__(
        self, conninfo: str, user_id: UUID | str, *, poll_interval: float = POLL_INTERVAL
    ) -> None:
        self._begin(SqlLink(conninfo, user_id, poll_interval))

    @classmethod
    def nats(cls, url: str, token: str | Callable[[], str]) -> Self:
        """Return a listener to which a relay pushes, and which calls through it.

        url: of the NATS server, or several separated by commas.
        token: the application's JWT, or what returns one that has not expired.
        Raises ModuleNotFoundError without the extra `relay`.
        """
        from wedsync_realtime.listener.nats_link import NatsLink

        return cls.over(NatsLink(url, token))

    @classmethod
    def over(cls, link: Link) -> Self:
        """Return a listener over a link."""
        listener = cls.__new__(cls)
        listener._begin(link)
        return listener

    def _begin(self, link: Link) -> None:
        self._link = link
        self._items: asyncio.Queue[Item | Mark | RefusedError | None] = asyncio.Queue()
        self._leases = Leases(link, self._items.put_nowait, lambda: self._has_room)
        self._jobs: deque[_Job] = deque()
        self._failed_attempts = 0
        self._end: Exception | None = None

    async def __aenter__(self) -> Self:
        await self._link.open(self._leases)
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._finish(ListenerClosedError())
        try:
            await cancel(self._task)
            with suppress(psycopg.Error, RefusedError, ConnectionError, TimeoutError):
                async with asyncio.timeout(CLOSE_LIMIT):
                    await self._leases.close_all()
        finally:  # the program may be cancelled once more meanwhile
            await self._link.close()

    async def subscribe(
        self,
        channels: Sequence[str],
        filters: Row | None = None,
        *,
        cursors: Mapping[str, str] | None = None,
    ) -> list[Subscription]:
        """Open a subscription to each channel, and return them in this order.

        filters: as realtime_subscribe takes them.
        cursors: by channel, where to go on from; by default they begin now.
        Raises RefusedError, ListenerClosedError, psycopg.Error; TypeError or ValueError for filters
        that are no JSON.
        """
        work = self._leases.open
        opened: list[Subscription] = await self._do(
            lambda: work(tuple(channels), dict(filters or {}), cursors or {}),
            undo=self._leases.close_each,
        )
        return opened

    async def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription; what was fetched before is still handed out.

        Raises RefusedError, ListenerClosedError, psycopg.Error.
        """
        await self._do(lambda: self._leases.close(subscription))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        while True:
            item = await self._items.get()
            if self._end and item is None:
                self._items.put_nowait(None)  # for whoever else iterates, or asks again
                if isinstance(self._end, ListenerClosedError):
                    raise StopAsyncIteration
                raise self._end
            if self._items.qsize() == AHEAD - 1:
                self._link.wake()
            if isinstance(item, RefusedError):
                raise item
            if isinstance(item, Mark):
                item.subscription.cursor = item.cursor
            elif item is not None:
                return item

    async def _do(
        self,
        work: Callable[[], Awaitable[Any]],
        undo: Callable[[Any], Awaitable[Any]] | None = None,
    ) -> Any:
        """Have the task that has the connection do it, and return the result."""
        if self._end:
            raise self._end
        job = _Job(work, asyncio.get_running_loop().create_future(), undo)
        self._jobs.append(job)
        self._link.wake()
        return await job.result

    def _finish(self, end: Exception) -> None:
        self._end = self._end or end
        self._items.put_nowait(None)
        for job in self._jobs:
            if not job.result.done():
                job.result.set_exception(self._end)

    async def _run(self) -> None:
        """Serve, and open the connection again whenever it breaks.

        The delays double, and full jitter keeps the clients of a server that comes back apart.
        """
        while not self._end:
            try:
                if not self._link.is_open:
                    await self._link.open(self._leases)
                await self._serve()
            except LOST:
                await self._link.close()
                longest = min(LONGEST_DELAY, SHORTEST_DELAY * 2**self._failed_attempts)
                self._failed_attempts = min(self._failed_attempts + 1, 16)
                await asyncio.sleep(random.uniform(0, longest))
            except Exception as error:
                self._finish(error)
                return

    async def _serve(self) -> None:
        self._leases.missed()
        while True:
            while self._jobs:
                await self._work_off(self._jobs[0])
                self._jobs.popleft()
            await self._leases.keep()
            if self._has_room:
                await self._leases.poll()
            self._failed_attempts = 0
            seconds = 0.0 if self._jobs else self._leases.rest(polling=self._has_room)
            await self._link.rest(seconds, self._leases.channels if self._has_room else ())

    async def _work_off(self, job: _Job) -> None:
        if job.result.done() and not (job.undo and job.has_begun):
            return
        job.has_begun = True
        try:
            result = await job.work()
        except (RefusedError, TypeError, ValueError, psycopg.DataError) as error:
            if not job.result.done():  # refused, or arguments that cannot be sent
                job.result.set_exception(error)
        else:
            if not job.result.done():
                job.result.set_result(result)
            elif undo := job.undo:  # it was cancelled meanwhile
                ended = asyncio.get_running_loop().create_future()
                ended.add_done_callback(asyncio.Future.exception)  # nobody else asks for it
                self._jobs.append(_Job(lambda: undo(result), ended))

    @property
    def _has_room(self) -> bool:
        return self._items.qsize() < AHEAD
