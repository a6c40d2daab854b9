"""What a relay counts, and says of itself to the database."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from uuid import uuid4

SLOW = "Slow Consumer"
LAG = 2.0  # seconds by which a lag has grown when it is reported anew


@dataclass
class Figures:
    """Counts since the relay started. tell: prints a line for people.

    caught_up_at: when nothing in the feed was left to publish, or another relay said that it
        leads; on the clock of time.monotonic.
    """

    tell: Callable[[str], None]
    id: str = field(default_factory=lambda: str(uuid4()))
    leads: bool = False
    connections: int = 0
    unconfirmed: int = 0
    caught_up_at: float = field(default_factory=monotonic)
    admitted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    kicks: int = 0
    slow_consumers: int = 0
    published: int = 0
    last_error: str | None = None  # that stands
    unreported: str | None = None  # the latest that the database was not told of

    def failed(self, error: str) -> None:
        """Take note of an error, and tell it once."""
        if error != self.last_error:
            self.tell(error)
        self.last_error = self.unreported = error

    def closed(self, reason: str) -> None:
        """Take note of a connection that the server has closed."""
        self.slow_consumers += reason.startswith(SLOW)

    def news(self) -> tuple[object, ...]:
        """Return what differs when there is something to report."""
        steps = int((monotonic() - self.caught_up_at) / LAG)
        return (
            self.leads, steps, self.unconfirmed, self.connections, self.admitted,
            self.refused.total(), self.kicks, self.slow_consumers, self.published,
            self.unreported or self.last_error,
        )  # fmt: skip

    def take_state(self) -> dict[str, Any]:
        """Return it as report_relay takes it: an error once, even one that has passed."""
        error, self.unreported = self.unreported, None
        return {
            "id": self.id,
            "is_leader": self.leads,
            "lag_events": self.unconfirmed if self.leads else 0,
            "lag_seconds": round(monotonic() - self.caught_up_at, 3),
            "connections": self.connections,
            "logins": self.admitted,
            "refused": dict(self.refused),
            "kicks": self.kicks,
            "slow_consumers": self.slow_consumers,
            "published": self.published,
            "last_error": error,
        }
