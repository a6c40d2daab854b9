"""Listen to many subscriptions on one connection, which is opened again whenever it breaks."""

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

from wedsync_realtime.listener import rpc
from wedsync_realtime.listener.items import (
    Item,
    ListenerClosedError,
    Mark,
    RefusedError,
    Row,
    Subscription,
)
from wedsync_realtime.listener.leases import Leases

NOTIFY_CHANNEL = "wedsync_realtime"
AHEAD = 1000  # items fetched before the program takes them
# Seconds between looks. While something happens a listener looks again and again, and nobody rings.
# Before it sleeps it hangs out the bell, and then looks for what was recorded before and is
# committed only now; and at times whether it missed a ring, as by a writer who is still at work.
BUSY_LOOKS, LAST_LOOKS, BELL_CHECK = (0.01, 0.02, 0.02, 0.03), (0.0, 0.02, 0.1), 1.0
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

    def __init__(self, conninfo: str, user_id: UUID | str, *, poll_interval: float = 10.0) -> None:
        self._conninfo = conninfo
        self._user_id = user_id
        self._items: asyncio.Queue[Item | Mark | RefusedError | None] = asyncio.Queue()
        self._leases = Leases(self._call, self._items.put_nowait, poll_interval)
        self._jobs: deque[_Job] = deque()
        self._resting: asyncio.Timeout | None = None
        self._failed_attempts = 0
        self._looks = 0  # since something happened
        self._rung: int | None = None
        self._end: Exception | None = None

    async def __aenter__(self) -> Self:
        self._connection = await rpc.connect(self._conninfo)
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
            while not self._task.done():  # a cancellation may end as the error of a cancelled query
                self._task.cancel()
                await asyncio.wait([self._task], timeout=1)
            with suppress(psycopg.Error, RefusedError, TimeoutError):
                async with asyncio.timeout(CLOSE_LIMIT):
                    await self._leases.close_all()
        finally:  # the program may be cancelled once more meanwhile
            await self._connection.close()

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
                self._wake()
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
        self._wake()
        return await job.result

    def _wake(self) -> None:
        if self._resting:
            self._resting.reschedule(0)
            self._resting = None

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
                if self._connection.closed:
                    self._connection = await rpc.connect(self._conninfo)
                await self._serve()
            except psycopg.OperationalError:
                await self._connection.close()
                longest = min(LONGEST_DELAY, SHORTEST_DELAY * 2**self._failed_attempts)
                self._failed_attempts = min(self._failed_attempts + 1, 16)
                await asyncio.sleep(random.uniform(0, longest))
            except Exception as error:
                self._finish(error)
                return

    async def _serve(self) -> None:
        await self._connection.execute(f"listen {NOTIFY_CHANNEL}".encode())
        self._leases.due_within(0)
        while True:
            while self._jobs:
                await self._work_off(self._jobs[0])
                self._jobs.popleft()
            await self._leases.keep()
            if self._has_room and await self._leases.poll():
                self._looks = 0
            self._failed_attempts = 0
            await self._rest()

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

    async def _rest(self) -> None:
        """Wait for a notification, for the program or until something is due.

        Looks for notifications even when something is due: a busy topic must not hide the others.
        """
        limit = await self._prepare_sleep() if self._is_idle else LONGEST_DELAY
        seconds = 0.0 if self._jobs else self._leases.rest(polling=self._has_room)
        notifications = self._connection.notifies(timeout=min(seconds, limit), stop_after=1)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(None) as self._resting:
                    async for _ in notifications:
                        self._looks = 0
                        self._leases.due_within(0)
        finally:  # a connection that breaks ends it too, and nobody may wake it afterwards
            self._resting = None

    async def _prepare_sleep(self) -> float:
        """Plan the next look, hang out the bell; return for how long it can be relied on."""
        if self._looks >= len(BUSY_LOOKS):
            rung = await rpc.hang_bell(self._connection, self._leases.channels)
            if rung is None:  # nobody rings here
                return LONGEST_DELAY
            if rung != self._rung:
                self._rung, self._looks = rung, len(BUSY_LOOKS)
        looks = BUSY_LOOKS + LAST_LOOKS
        if self._looks < len(looks):
            self._leases.due_within(looks[self._looks])
            self._looks += 1
        return BELL_CHECK

    @property
    def _is_idle(self) -> bool:
        return (
            self._has_room
            and not self._jobs
            and bool(self._leases.channels)
            and self._leases.rest(polling=True) > 0
        )

    @property
    def _has_room(self) -> bool:
        return self._items.qsize() < AHEAD

    async def _call(self, function: str, **arguments: object) -> Row:
        return await rpc.call(self._connection, self._user_id, function, **arguments)
