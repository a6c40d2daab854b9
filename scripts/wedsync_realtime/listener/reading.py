"""The events of a subscription, fetched by polls and pushed by the link, handed out as items."""

from collections.abc import Callable
from math import inf
from time import monotonic

from wedsync_realtime.listener.items import (
    Event,
    Item,
    Mark,
    Ready,
    RefusedError,
    Resync,
    Row,
    Subscription,
)
from wedsync_realtime.listener.link import Link
from wedsync_realtime.listener.merge import Pushed

PAGE = 1000  # events of a poll, the most there can be
UNSETTLED = 0.5  # seconds between polls of a topic that is not ready


class Reading:
    """What reads; the arguments are those of Leases."""

    def __init__(
        self,
        link: Link,
        deliver: Callable[[Item | Mark | RefusedError], None],
        has_room: Callable[[], bool],
    ) -> None:
        self._link = link
        self._deliver = deliver
        self._has_room = has_room

    def push(self, subscription: Subscription, pushed: Pushed) -> None:
        """Hand out what was pushed, unless polls have to tell it."""
        if not self._has_room():
            subscription.merge.part()
        elif subscription.merge.takes(pushed):
            self._pass(subscription, pushed)
        if not subscription.merge.is_fed or subscription.merge.is_due:
            subscription.poll_at = 0

    async def poll(self, subscription: Subscription, ping_interval: float) -> None:
        """Fetch a page and hand it out.

        Raises RefusedError, and what a link raises.
        """
        subscription.merge.begin_poll()
        subscription.poll_at = inf  # what makes it due from now on may come after the answer
        page = await self._link.call(
            "realtime_poll",
            channel=subscription.channel,
            cursor=subscription.position,
            max_events=PAGE,
        )
        self._take(subscription, page, ping_interval)

    def _take(self, subscription: Subscription, page: Row, ping_interval: float) -> None:
        merge = subscription.merge
        bodies, held = merge.end_poll(page, has_push=self._link.has_push)
        interval = self._link.poll_interval
        if merge.is_fed:
            interval = self._link.live_interval or ping_interval
        subscription.poll_at = min(subscription.poll_at, monotonic() + interval)
        if page["resyncRequired"]:
            subscription.is_ready = False
            self._deliver(Resync(subscription, page["reason"]))
        for body in bodies:
            self._deliver(Event.read(subscription, body))
        if page["hasMore"] or (self._link.has_push and not merge.is_fed):
            subscription.poll_at = 0
        elif not page["ready"]:
            soon = monotonic() + min(UNSETTLED, self._link.poll_interval)
            subscription.poll_at = min(subscription.poll_at, soon)
        elif not subscription.is_ready:
            subscription.is_ready = True
            self._deliver(Ready(subscription))
        self._move(subscription, page["cursor"])
        for pushed in held:
            self._pass(subscription, pushed)
        if merge.is_due:
            subscription.poll_at = 0

    def _pass(self, subscription: Subscription, pushed: Pushed) -> None:
        is_new, is_further = subscription.merge.passes(pushed)
        if is_new:
            self._deliver(Event.read(subscription, pushed.body))
        if is_further:
            self._move(subscription, pushed.cursor)

    def _move(self, subscription: Subscription, cursor: str) -> None:
        if cursor != subscription.position:
            subscription.position = cursor
            self._deliver(Mark(subscription, cursor))
