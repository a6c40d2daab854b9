"""What a listener talks through: calls for its user, and word of what is new."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

import psycopg

from wedsync_realtime.listener.items import Row
from wedsync_realtime.listener.merge import Pushed

POLL_INTERVAL = 10.0  # seconds

# What a link raises when its connection is lost; it may then be opened again.
LOST = (psycopg.OperationalError, ConnectionError)


class Receiver(Protocol):
    """Whom a link tells what is new."""

    def due_within(self, seconds: float) -> None:
        """Learn that there may be events to be polled by then."""

    def pushed(self, subject: str, pushed: Pushed) -> bool:
        """Learn of an event; tell whether that is work for who makes the calls."""

    def settled(self, subject: str) -> None:
        """Learn that a topic may be ready."""

    def missed(self, *, subject: str | None = None, channel: str | None = None) -> None:
        """Learn that polls alone tell what is new on a subject, for a lease, or everywhere."""


class Link(Protocol):
    """A connection, or more, that is opened again when it is lost.

    connection_id: of the first leases.
    poll_interval: seconds between polls, where nothing is pushed.
    live_interval: seconds between polls, where events are pushed; None: as the server pings.
    """

    connection_id: UUID
    poll_interval: float
    live_interval: float | None

    @property
    def is_open(self) -> bool:
        """Whether calls can be made."""

    @property
    def has_push(self) -> bool:
        """Whether events are pushed."""

    async def open(self, receiver: Receiver) -> None:
        """Connect; raises what is in LOST."""

    async def close(self) -> None:
        """Disconnect."""

    async def call(self, function: str, **arguments: object) -> Row:
        """Return the answer; raises RefusedError, psycopg.Error, what is in LOST."""

    async def follow(self, leases: Mapping[UUID, Mapping[str, str]]) -> bool:
        """Have pushed what these leases may hear; tell whether something may have been missed.

        leases: subjects by channel id, by connection id.
        """

    def renew(self, connection_ids: Sequence[UUID]) -> bool:
        """Keep leases alive; tell whether the link sees to that."""

    async def rest(self, seconds: float, channels: Sequence[str]) -> None:
        """Wait so long, or for something new, or for wake.

        channels: names of those that something new is awaited on.
        Raises what is in LOST.
        """

    def wake(self) -> None:
        """End a rest."""
