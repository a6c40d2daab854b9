"""The leases of a listener: opened, kept alive, polled, opened again when lost."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Protocol
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

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

PAGE = 1000  # events of a poll, the most there can be
UNSETTLED = 0.5  # seconds between polls of a topic that is not ready
LONGEST_REST = 60.0  # seconds

_GONE = ("subscription_not_found", "subscription_expired")


class Call(Protocol):
    """Call a public function as the listener's user."""

    def __call__(self, function: str, **arguments: object) -> Awaitable[Row]:
        """Return the answer; raise RefusedError, psycopg.Error."""


class Leases:
    """The subscriptions of one user, on as many connection ids as that takes.

    deliver: takes items as they come, and the refusal by which a subscription ended.
    poll_interval: seconds between polls when nothing makes a subscription due.

    Every method may raise psycopg.Error and then be called again: nothing is opened twice, fetched
    twice or left out by it.
    """

    def __init__(
        self,
        call: Call,
        deliver: Callable[[Item | Mark | RefusedError], None],
        poll_interval: float,
    ) -> None:
        self._call = call
        self._deliver = deliver
        self._poll_interval = poll_interval
        self._subscriptions: list[Subscription] = []
        self._connection_ids: list[UUID] = []
        self._ping_interval = LONGEST_REST  # until the server tells
        self._ping_at = 0.0
        self._renew_at = 0.0

    async def open(
        self, channels: Sequence[str], filters: Row, cursors: Mapping[str, str]
    ) -> list[Subscription]:
        """Subscribe to channels, going on from the cursors where there are any.

        Raises RefusedError.
        """
        connection_id = self._free_connection_id(channels)
        answer = await self._call(
            "realtime_subscribe",
            channels=list(channels),
            filters=Jsonb(filters),
            connection_id=connection_id,
        )
        opened = [
            Subscription(
                name=told["name"],
                table=told["table"],
                filter=told["filter"],
                filters=filters,
                connection_id=connection_id,
                channel=told["channel"],
                topic=told["topic"],
                cursor=cursors.get(told["name"], told["cursor"]),
                position=cursors.get(told["name"], told["cursor"]),
            )
            for told in answer["subscriptions"]
        ]
        if not self._subscriptions:
            self._ping_interval = answer["pingInterval"] / 1000
            self._ping_at = monotonic() + self._ping_interval
        self._subscriptions += opened
        return opened

    async def close(self, subscription: Subscription) -> None:
        """End a subscription, unless it has ended already."""
        if subscription in self._subscriptions:
            try:
                await self._call("realtime_unsubscribe", channel=subscription.channel)
            except RefusedError as refusal:
                if refusal.code not in _GONE:
                    raise
            self._subscriptions.remove(subscription)

    async def close_each(self, subscriptions: Sequence[Subscription]) -> None:
        """End subscriptions one by one."""
        for subscription in subscriptions:
            await self.close(subscription)

    async def close_all(self) -> None:
        """Give all leases back, also those of a call whose answer did not arrive."""
        for connection_id in self._connection_ids:
            await self._call("realtime_unsubscribe_all", connection_id=connection_id)

    async def keep(self) -> None:
        """Renew what has lapsed, and ping when it is time."""
        if monotonic() >= self._renew_at:
            for lapsed in self._lapsed_calls():
                await self._renew(lapsed)
        if monotonic() >= self._ping_at:
            self._ping_at = monotonic() + self._ping_interval
            for connection_id in self._connection_ids:
                await self._ping(connection_id)

    async def poll(self) -> bool:
        """Fetch a page of every subscription that is due, and return whether there was anything."""
        now = monotonic()
        due = [held for held in self._live() if held.poll_at <= now]
        return any([await self._poll(subscription) for subscription in due])

    @property
    def channels(self) -> list[str]:
        """Names of the channels that are listened to."""
        return sorted({held.name for held in self._live()})

    def due_within(self, seconds: float) -> None:
        """Make all subscriptions due: something may have been missed."""
        for subscription in self._subscriptions:
            subscription.poll_at = min(subscription.poll_at, monotonic() + seconds)

    def rest(self, *, polling: bool) -> float:
        """Return for how many seconds there is nothing to do.

        polling: whether polls count.
        """
        times = [monotonic() + LONGEST_REST]
        if self._subscriptions:
            times.append(self._ping_at)
        if polling:
            times += [held.poll_at for held in self._live()]
        if any(held.has_lapsed for held in self._subscriptions):
            times.append(self._renew_at)
        return max(0.0, min(times) - monotonic())

    def _live(self) -> list[Subscription]:
        return [held for held in self._subscriptions if not held.has_lapsed]

    def _free_connection_id(self, channels: Sequence[str]) -> UUID:
        """Return an id without a lease on these channels, as it can have one a channel."""
        taken = {held.connection_id for held in self._subscriptions if held.name in channels}
        for connection_id in self._connection_ids:
            if connection_id not in taken:
                return connection_id
        self._connection_ids.append(uuid4())
        return self._connection_ids[-1]

    def _lapsed_calls(self) -> list[list[Subscription]]:
        """Return the subscriptions that have lapsed, by the call that opened them."""
        calls: dict[tuple[UUID, int], list[Subscription]] = {}
        for held in self._subscriptions:
            if held.has_lapsed:
                calls.setdefault((held.connection_id, id(held.filters)), []).append(held)
        return list(calls.values())

    async def _renew(self, lapsed: Sequence[Subscription]) -> None:
        try:
            answer = await self._call(
                "realtime_subscribe",
                channels=[subscription.name for subscription in lapsed],
                filters=Jsonb(lapsed[0].filters),
                connection_id=lapsed[0].connection_id,
            )
        except RefusedError as refusal:
            if refusal.retry_after is not None:
                self._renew_at = monotonic() + refusal.retry_after
            elif len(lapsed) == 1:
                self._end(lapsed[0], refusal)
            else:  # a call fails as a whole: one of them is at fault
                for subscription in lapsed:
                    await self._renew([subscription])
            return
        for subscription, told in zip(lapsed, answer["subscriptions"], strict=True):
            subscription.channel, subscription.topic = told["channel"], told["topic"]
            subscription.has_lapsed = False
            subscription.poll_at = 0

    async def _ping(self, connection_id: UUID) -> None:
        """Ping one connection id, because a ping without one keeps the user's others alive too."""
        held = [held for held in self._live() if held.connection_id == connection_id]
        if not held:
            return
        try:
            answer = await self._call("realtime_ping", connection_id=connection_id)
        except RefusedError:
            answer = {"pinged": 0}
        if answer["pinged"] < len(held):
            for subscription in held:
                subscription.poll_at = 0  # poll tells which is lost, and why

    async def _poll(self, subscription: Subscription) -> bool:
        try:
            page = await self._call(
                "realtime_poll",
                channel=subscription.channel,
                cursor=subscription.position,
                max_events=PAGE,
            )
        except RefusedError as refusal:
            if refusal.code in _GONE:
                subscription.has_lapsed = True
            else:
                self._end(subscription, refusal)
            return False
        self._take(subscription, page)
        return bool(page["events"])

    def _take(self, subscription: Subscription, page: Row) -> None:
        subscription.poll_at = monotonic() + self._poll_interval
        if page["resyncRequired"]:
            subscription.is_ready = False
            self._deliver(Resync(subscription, page["reason"]))
        for body in page["events"]:
            self._deliver(Event.read(subscription, body))
        if page["hasMore"]:
            subscription.poll_at = 0
        elif not page["ready"]:
            subscription.poll_at = monotonic() + min(UNSETTLED, self._poll_interval)
        elif not subscription.is_ready:
            subscription.is_ready = True
            self._deliver(Ready(subscription))
        if page["cursor"] != subscription.position:
            subscription.position = page["cursor"]
            self._deliver(Mark(subscription, subscription.position))

    def _end(self, subscription: Subscription, refusal: RefusedError) -> None:
        self._subscriptions.remove(subscription)
        refusal.subscription = subscription
        self._deliver(refusal)
