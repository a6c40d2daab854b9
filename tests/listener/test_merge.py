"""Polls and pushes made one: a feed in small, its relay behind, its listener parted from it."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from wedsync_realtime.listener.merge import Merge, Pushed

ROWS = 3

Change = tuple[int, int]  # id of the event, and the row
Cursor = tuple[int, int | None, int]  # seen and, in a page that was cut, window and last id


@dataclass
class Feed:
    """Changes get their id when they are recorded, and are seen once they are committed."""

    random: Random
    page: int
    ids: int = 0
    recorded: list[Change] = field(default_factory=list)
    committed: list[Change] = field(default_factory=list)
    pushed: int = 0  # how many of those committed
    window: tuple[int, list[Change]] | None = None  # its end, and what is left of it

    def record(self) -> None:
        row = self.random.randrange(ROWS)
        if all(row != held for _, held in self.recorded):  # a writer waits for the row
            self.ids += 1
            self.recorded.append((self.ids, row))

    def commit(self) -> None:
        if self.recorded:
            number = self.random.randrange(len(self.recorded))
            self.committed.append(self.recorded.pop(number))

    def poll(self, cursor: Cursor) -> tuple[dict[str, Any], Cursor]:
        seen, upto, last = cursor
        if upto is None:
            upto = len(self.committed)
        found = sorted(each for each in self.committed[seen:upto] if each[0] > last)
        has_more = len(found) > self.page
        page = {"events": [{"id": number} for number, _ in found[: self.page]], "hasMore": has_more}
        return page, (seen, upto, found[self.page - 1][0]) if has_more else (upto, None, 0)

    def push(self) -> Pushed | None:
        """Return what a relay reads next, which may be behind by any number of windows."""
        if self.window is None:
            if self.pushed < len(self.committed):
                end = len(self.committed)
                self.window = (end, sorted(self.committed[self.pushed : end]))
            return None
        end, left = self.window
        number, _ = left.pop(0)
        cursor: Cursor = (self.pushed, end, number) if left else (end, None, 0)
        if not left:
            self.window, self.pushed = None, end
        return Pushed(number, {}, cursor)  # type: ignore[arg-type]


class Follower:
    """A subscription to the feed, as Reading serves it."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.begin = len(feed.committed)
        self.cursor: Any = (self.begin, None, 0)
        self.merge = Merge()
        self.merge.start(is_whole=True)
        self.is_due = True
        self.is_polling = False
        self.answer: Any = None
        self.told: list[int] = []
        self.told_by_push = 0

    def begin_poll(self) -> None:
        self.merge.begin_poll()
        self.is_polling = True

    def read(self) -> None:
        if self.answer is None:
            self.answer = self.feed.poll(self.cursor)

    def end_poll(self) -> None:
        page, self.cursor = self.answer
        self.answer, self.is_polling = None, False
        bodies, held = self.merge.end_poll(page, has_push=True)
        self.told += [body["id"] for body in bodies]
        self.is_due = page["hasMore"] or not self.merge.is_fed
        for pushed in held:
            self.take(pushed)
        self.is_due |= self.merge.is_due

    def push(self, pushed: Pushed) -> None:
        if self.merge.takes(pushed):
            self.take(pushed)
        self.is_due |= self.merge.is_due or not self.merge.is_fed

    def take(self, pushed: Pushed) -> None:
        is_new, is_further = self.merge.passes(pushed)
        if is_new:
            self.told.append(pushed.id)
            self.told_by_push += 1
        if is_further:
            self.cursor = pushed.cursor

    def part(self) -> None:
        self.merge.part()
        self.is_due = True


def play(seed: int) -> Follower:
    """Play 300 steps at random, then let everything come to its end."""
    random = Random(seed)
    feed = Feed(random, page=random.choice([2, 5, 20]))
    lag = random.choice([0, 0.2, 0.6, 0.9])
    follower: Follower | None = None
    for step in range(300):
        chance = random.random()
        if chance < 0.25:
            feed.record()
        elif chance < 0.5:
            feed.commit()
        elif chance < 0.8:
            if random.random() > lag and (pushed := feed.push()) and follower:
                follower.push(pushed)
        elif follower is None:
            follower = Follower(feed) if step > 20 else None
        elif chance < 0.81:
            follower.part()
        elif not follower.is_polling:
            if follower.is_due or random.random() < 0.2:
                follower.begin_poll()
        elif follower.answer is None:
            follower.read()
        else:
            follower.end_poll()
    assert follower
    while feed.recorded:
        feed.commit()
    while follower.is_polling or follower.is_due or feed.pushed < len(feed.committed):
        if follower.is_polling:
            follower.read()
            follower.end_poll()
        elif follower.is_due:
            follower.begin_poll()
        elif pushed := feed.push():
            follower.push(pushed)
    return follower


def outcome(follower: Follower) -> bool:
    """Tell whether it was told each change since it began, once and in the order of its row."""
    since = follower.feed.committed[follower.begin :]
    row_of = dict(follower.feed.committed)
    return sorted(follower.told) == sorted(number for number, _ in since) and all(
        [number for number in follower.told if row_of[number] == row]
        == [number for number, of in since if of == row]
        for row in range(ROWS)
    )


def test_each_change_is_told_once_and_in_order() -> None:
    played = [play(seed) for seed in range(3000)]
    assert all(map(outcome, played))
    assert sum(follower.told_by_push for follower in played) > 1000


@pytest.mark.parametrize("proofs", [0, 1])
def test_pushes_that_are_believed_too_early_tell_what_is_old(
    proofs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wedsync_realtime.listener.merge.PROOFS", proofs)
    assert not all(outcome(play(seed)) for seed in range(10_000))
