"""Keep what was read for everybody who asks soon after, so that watching costs little."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

FRESH = 1.0  # seconds
HEALTH_FRESH = 10.0  # the checks look at every table; what they find changes slowly
REST = 10  # at least so many times as long as reading took, the database is left alone


@dataclass
class Shared:
    """What was read last, read anew when somebody asks and it is older than `fresh` seconds."""

    read: Callable[[], dict[str, Any]]
    fresh: float = FRESH
    _content: dict[str, Any] = field(default_factory=dict, init=False)
    _fresh_until: float = field(default=0.0, init=False)
    _turn: Lock = field(default_factory=Lock, init=False)

    def get(self) -> dict[str, Any]:
        """Return it. Raises what reading raises."""
        with self._turn:
            start = time.monotonic()
            if start >= self._fresh_until:
                self._content = self.read()
                end = time.monotonic()
                self._fresh_until = end + max(self.fresh, REST * (end - start))
            return self._content
