"""Who listens, what arrives there, and how long it took."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import Any

from wedsync_realtime.demo.cast import Person
from wedsync_realtime.listener import Event, Listener, Ready

SHOWN = 3  # deliveries of a change that are shown one by one


@dataclass
class Audience:
    """People on one side, each with a database connection that carries all their subscriptions.

    show: prints a line as it happens.
    seats, ready: subscriptions, and those that hear everything by now.
    due, heard: deliveries that were to arrive since the beginning, and that did.
    """

    name: str
    people: Sequence[Person]
    show: Callable[[str], None]
    seats: int = 0
    ready: int = 0
    due: int = 0
    heard: int = 0
    _event: str = ""
    _leases: int = 0
    _change_at: float = 0
    _arrivals: list[tuple[Event, float]] = field(default_factory=list)

    async def take_seats(
        self,
        stack: AsyncExitStack,
        url: str,
        channels: Sequence[str],
        filters: Mapping[str, Any],
        *,
        tabs: int = 1,
    ) -> None:
        """Subscribe each person to the channels, once for every browser tab, until stack closes."""
        for person in self.people:
            listener = await stack.enter_async_context(Listener(url, person.id))
            hearing = asyncio.create_task(self._hear(person, listener))
            stack.callback(hearing.cancel)
            for _ in range(tabs):
                self.seats += len(await listener.subscribe(channels, filters))

    @property
    def is_ready(self) -> bool:
        """Tell whether all subscriptions hear everything by now."""
        return self.ready == self.seats

    def expect_change(self, event: str, leases: int) -> None:
        """Note that a change begins now, which so many leases are to hear as this event."""
        self._event = event
        self._leases = leases
        self._change_at = perf_counter()
        self._arrivals.clear()
        self.due += leases

    @property
    def has_all(self) -> bool:
        """Tell whether as much has arrived as is to arrive."""
        return len(self._arrivals) >= self._leases

    @property
    def has_just_that(self) -> bool:
        """Tell whether each lease has the event once, and nothing else has arrived."""
        events = [event for event, _ in self._arrivals]
        return (
            len(events) == self._leases
            and len({event.subscription.channel for event in events}) == self._leases
            and all(event.name == self._event for event in events)
        )

    def summary(self) -> str:
        """Return what arrived and how long it took from the beginning of the change."""
        if not self.has_just_that:
            counts = Counter(event.name for event, _ in self._arrivals)
            came = ", ".join(f"{count} × {name}" for name, count in counts.items())
            return f"{came or 'nothing'} instead of {self._leases} × {self._event}"
        if not self._arrivals:
            return "nothing"
        times = [milliseconds for _, milliseconds in self._arrivals]
        return (
            f"all {self._leases} leases have it, once each: "
            f"median {median(times):.0f} ms, last {max(times):.0f} ms"
        )

    async def _hear(self, person: Person, listener: Listener) -> None:
        async for item in listener:
            if isinstance(item, Ready):
                self.ready += 1
            elif isinstance(item, Event):
                self._arrive(person, item)

    def _arrive(self, person: Person, event: Event) -> None:
        milliseconds = (perf_counter() - self._change_at) * 1000
        self.heard += 1
        self._arrivals.append((event, milliseconds))
        if len(self._arrivals) <= SHOWN:
            whom = f"{self.name}, {person.name}"
            self.show(f"{milliseconds:6.1f} ms  {event.name} → {whom} ({event.subscription.name})")
        elif len(self._arrivals) == SHOWN + 1:
            self.show("           …")
