"""The leases of a listener: opened, kept alive, polled, opened again when lost."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from time import monotonic
from uuid import UUID, uuid4

from wedsync_realtime.listener.items import Item, Mark, RefusedError, Row, Subscription
from wedsync_realtime.listener.link import Link
from wedsync_realtime.listener.merge import Pushed
from wedsync_realtime.listener.reading import Reading

LONGEST_REST = 60.0  # seconds

_GONE = ("subscription_not_found", "subscription_expired")


class Leases:
    """The subscriptions of one user, on as many connection ids as that takes.

    deliver: takes items as they come, and the refusal by which a subscription ended.
    has_room: tells whether it takes more; otherwise what is pushed is left to be polled.

    Every method may raise what a link raises and then be called again: nothing is opened twice,
    fetched twice or left out by it.
    """

    def __init__(
        self,
        link: Link,
        deliver: Callable[[Item | Mark | RefusedError], None],
        has_room: Callable[[], bool],
    ) -> None:
        self._link = link
        self._deliver = deliver
        self._reading = Reading(link, deliver, has_room)
        self._subscriptions: list[Subscription] = []
        self._connection_ids = [link.connection_id]
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
        answer = await self._link.call(
            "realtime_subscribe",
            channels=list(channels),
            filters=filters,
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
                subject=told["subject"],
                cursor=cursors.get(told["name"], told["cursor"]),
                position=cursors.get(told["name"], told["cursor"]),
            )
            for told in answer["subscriptions"]
        ]
        for subscription in opened:
            subscription.merge.start(is_whole=subscription.name not in cursors)
        if not self._subscriptions:
            self._ping_interval = answer["pingInterval"] / 1000
            self._ping_at = monotonic() + self._ping_interval
        self._subscriptions += opened
        return opened

    async def close(self, subscription: Subscription) -> None:
        """End a subscription, unless it has ended already."""
        if subscription in self._subscriptions:
            try:
                await self._link.call("realtime_unsubscribe", channel=subscription.channel)
            except RefusedError as refusal:
                if refusal.code not in _GONE:
                    raise
            self._subscriptions.remove(subscription)

    async def close_each(self, subscriptions: Sequence[Subscription]) -> None:
        """End subscriptions one by one."""
        for subscription in subscriptions:
            await self.close(subscription)

    async def close_all(self) -> None:
        """Give all leases back, also those of a call whose answer did not arrive.

        Those of the first connection last: over NATS it makes the calls, and is closed after that.
        """
        for connection_id in reversed(self._connection_ids):
            await self._link.call("realtime_unsubscribe_all", connection_id=connection_id)

    async def keep(self) -> None:
        """Renew what has lapsed, ping when it is time, and have the link follow what there is."""
        if monotonic() >= self._renew_at:
            for lapsed in self._lapsed_calls():
                await self._renew(lapsed)
        if monotonic() >= self._ping_at:
            self._ping_at = monotonic() + self._ping_interval
            if not self._link.renew(self._connection_ids):
                for connection_id in self._connection_ids:
                    await self._ping(connection_id)
        leases: dict[UUID, dict[str, str]] = {}
        for held in self._live():
            leases.setdefault(held.connection_id, {})[held.channel] = held.subject
        if await self._link.follow(leases):
            self.missed()

    async def poll(self) -> None:
        """Fetch a page of every subscription that is due."""
        now = monotonic()
        for subscription in [held for held in self._live() if held.poll_at <= now]:
            await self._poll(subscription)

    @property
    def channels(self) -> list[str]:
        """Names of the channels that are listened to."""
        return sorted({held.name for held in self._live()})

    def due_within(self, seconds: float) -> None:
        """Make all subscriptions due: something may have been missed."""
        for held in self._subscriptions:
            held.poll_at = min(held.poll_at, monotonic() + seconds)

    def pushed(self, subject: str, pushed: Pushed) -> bool:
        """Hand out what was pushed, or have polls tell it; tell whether one is due."""
        now = monotonic()
        hearing = list(self._hearing(subject))
        for held in hearing:
            self._reading.push(held, pushed)
        return any(held.poll_at <= now for held in hearing)

    def settled(self, subject: str) -> None:
        """Make the subscriptions to a subject due that are not ready."""
        for held in self._hearing(subject):
            if not held.is_ready:
                held.poll_at = 0

    def missed(self, *, subject: str | None = None, channel: str | None = None) -> None:
        """Have polls tell what is new on a subject, for a lease, or everywhere."""
        for held in self._subscriptions:
            if subject in (None, held.subject) and channel in (None, held.channel):
                held.merge.part()
                held.poll_at = 0

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

    def _hearing(self, subject: str) -> Iterator[Subscription]:
        return (held for held in self._live() if held.subject == subject)

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
            answer = await self._link.call(
                "realtime_subscribe",
                channels=[subscription.name for subscription in lapsed],
                filters=lapsed[0].filters,
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
            subscription.subject = told["subject"]
            subscription.has_lapsed = False
            subscription.poll_at = 0

    async def _ping(self, connection_id: UUID) -> None:
        """Ping one connection id, because a ping without one keeps the user's others alive too."""
        held = [held for held in self._live() if held.connection_id == connection_id]
        if not held:
            return
        try:
            answer = await self._link.call("realtime_ping", connection_id=connection_id)
        except RefusedError:
            answer = {"pinged": 0}
        if answer["pinged"] < len(held):
            for subscription in held:
                subscription.poll_at = 0  # poll tells which is lost, and why

    async def _poll(self, subscription: Subscription) -> None:
        try:
            await self._reading.poll(subscription, self._ping_interval)
        except RefusedError as refusal:
            if refusal.code in _GONE:
                subscription.has_lapsed = True
            elif refusal.retry_after is not None:
                subscription.poll_at = monotonic() + refusal.retry_after
            else:
                self._end(subscription, refusal)

    def _end(self, subscription: Subscription, refusal: RefusedError) -> None:
        self._subscriptions.remove(subscription)
        refusal.subscription = subscription
        self._deliver(refusal)
