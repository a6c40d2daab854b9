"""What a listener hands out, and how a refusal looks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from wedsync_realtime.listener.merge import Merge

Row = Mapping[str, Any]


class RefusedError(Exception):
    """The database refused a call; nothing was changed by it.

    code, status: as in the table of errors, e.g. forbidden_channel and 403.
    retry_after: seconds after which the call may succeed, None where waiting does not help.
    subscription: the one that ended by it, None when a call of the program's own was refused.
    """

    def __init__(self, answer: Row, subscription: "Subscription | None" = None) -> None:
        self.error = str(answer["error"])
        self.code = str(answer["code"])
        self.status = int(answer["status"])
        self.details: str | None = answer["details"]
        self.hint: str | None = answer["hint"]
        self.retry_after: int | None = answer["retryAfter"]
        self.subscription = subscription
        parts = (f"{self.error} ({self.code}, {self.status})", self.details, self.hint)
        super().__init__(". ".join(part for part in parts if part))


class ListenerClosedError(Exception):
    """The listener was left with `async with`; nothing can be subscribed to any more."""

    def __init__(self) -> None:
        super().__init__("the listener is closed")


@dataclass(eq=False)
class Subscription:
    """One channel that is listened to; the listener alone changes it.

    channel: id of the lease, another one after the lease was lost and opened again.
    cursor: to go on from when everything handed out before the latest item has been dealt with;
        never ahead of that, but it may be behind, so that some of it comes again.
    """

    name: str
    table: str
    filter: str
    filters: Row
    connection_id: UUID
    channel: str
    topic: str
    subject: str
    cursor: str
    position: str = field(repr=False)  # cursor of the next poll: ahead by what is not handed out
    merge: Merge = field(default_factory=Merge, repr=False)
    poll_at: float = field(default=0, repr=False)  # on the loop's clock
    is_ready: bool = field(default=False, repr=False)
    has_lapsed: bool = field(default=False, repr=False)


@dataclass(frozen=True)
class Event:
    """A change, as realtime_poll tells it.

    name: of the domain, e.g. milestone.completed.
    operation: INSERT, UPDATE or DELETE.
    recorded_at: commit_timestamp, by the server's clock.
    errors: what is wrong with new and old, e.g. payload_too_large; nearly always empty.
    """

    subscription: Subscription
    id: int
    topic: str
    name: str
    operation: str
    schema: str
    table: str
    recorded_at: datetime
    new: Row
    old: Row
    changed: tuple[str, ...]
    errors: tuple[str, ...]

    @classmethod
    def read(cls, subscription: Subscription, body: Row) -> Self:
        """Return the event of an element of `events`."""
        return cls(
            subscription,
            body["id"],
            body["topic"],
            body["event"],
            body["eventType"],
            body["schema"],
            body["table"],
            datetime.fromisoformat(body["commit_timestamp"]),
            body["new"],
            body["old"],
            tuple(body["changed"]),
            tuple(body.get("errors", ())),
        )


@dataclass(frozen=True)
class Ready:
    """The moment to read a copy of the rows: what comes later completes it without a gap."""

    subscription: Subscription


@dataclass(frozen=True)
class Resync:
    """Changes may be missing: a copy of the rows is to be read again, upon the next Ready."""

    subscription: Subscription
    reason: str


Item = Event | Ready | Resync


@dataclass(frozen=True)
class Mark:
    """A place between two items, at which the subscription's cursor moves on."""

    subscription: Subscription
    cursor: str
