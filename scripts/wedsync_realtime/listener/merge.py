"""What is pushed and what polls tell of a subscription, made one: each event once and in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

# Ids of a subscription that are kept. A push is at most so far behind the polls: of a topic with
# more new events than settings.replay_events, by default 50,000, none is pushed.
REMEMBERED = 100_000
HELD = 10_000  # events that may come while a poll is under way
PROOFS = 2


@dataclass(frozen=True)
class Pushed:
    """An event as it is pushed, with the cursor of its topic after it."""

    id: int
    body: Mapping[str, Any]
    cursor: str


class Merge:
    """Decides which events of polls and pushes are handed out.

    A push may be behind: what it brings first may be older than the subscription. So at first it
    only tells when to poll. What it brought and the next poll tells as new was in no earlier poll,
    and so in a later window of the feed than these had seen the end of; when that happens again,
    the window of the first has been pushed to its end, and what comes is newer than all that was
    polled before. From then on pushes are handed out.

    What comes during a poll is held until its answer is there. What a poll has told is passed over
    when it is pushed, or when it is polled again from the cursor of a push that was behind.
    """

    def __init__(self) -> None:
        self.is_fed = False  # everything new is pushed, or was polled
        self._proofs = 0
        self._is_whole = False  # where the next poll goes on there is no page that was cut
        self._is_at_push = False
        self._told: dict[int, None] = {}
        self._noted: set[int] = set()
        self._held: list[Pushed] | None = None

    @property
    def is_due(self) -> bool:
        """Whether a push waits for a poll to tell it."""
        return bool(self._noted)

    def start(self, *, is_whole: bool) -> None:
        """Go on from another cursor. is_whole: it is that of a new subscription."""
        self.part()
        self._is_whole = is_whole

    def part(self) -> None:
        """Leave it to polls: a push may have been missed."""
        self.is_fed = False
        self._proofs = 0
        self._noted.clear()
        self._held = None

    def begin_poll(self) -> None:
        """Hold what is pushed until the poll is answered."""
        if self._held is not None:  # the answer to the one before was lost
            self.part()
        self._held = []

    def end_poll(
        self, page: Mapping[str, Any], *, has_push: bool
    ) -> tuple[list[Mapping[str, Any]], list[Pushed]]:
        """Return the events of the answer that are new, and what was held and now counts."""
        bodies = [body for body in page["events"] if body["id"] not in self._told]
        was_whole, self._is_whole = self._is_whole, not page["hasMore"]
        self._is_at_push = False
        held, self._held = self._held, None
        if not has_push:
            return bodies, []
        ids = {body["id"] for body in bodies}
        self._remember(ids)
        if held is None:
            return bodies, []
        if was_whole and self._is_whole:
            self.is_fed = True
            self._proofs += not self._noted.isdisjoint(ids)
            self._noted.clear()
        return bodies, [pushed for pushed in held if self.takes(pushed)]

    def takes(self, pushed: Pushed) -> bool:
        """Tell whether a push counts now; otherwise it is held, or polls tell it."""
        if self._held is not None:
            if len(self._held) < HELD:
                self._held.append(pushed)
            else:
                self.part()
            return False
        if self.is_fed and self._proofs < PROOFS and pushed.id not in self._told:
            self._noted.add(pushed.id)
        return self.is_fed and self._proofs >= PROOFS

    def passes(self, pushed: Pushed) -> tuple[bool, bool]:
        """Tell of a push that counts whether it is new, and whether its cursor is where to go on.

        While all that is pushed has been told by a poll, the poll's cursor is further on.
        """
        is_new = pushed.id not in self._told
        if is_new:
            self._is_at_push, self._is_whole = True, False
        return is_new, self._is_at_push

    def _remember(self, ids: set[int]) -> None:
        self._told.update(dict.fromkeys(ids))
        for old in list(islice(self._told, max(0, len(self._told) - REMEMBERED))):
            del self._told[old]
