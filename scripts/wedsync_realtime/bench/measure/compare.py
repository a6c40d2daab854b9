"""Run several ways of doing the same thing in turn, and compare what they take."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from wedsync_realtime.bench.ground.session import Session


@dataclass(frozen=True)
class Way:
    """One way: call is timed, with the number of the call; before and after a slice are not."""

    session: Session
    call: Callable[[int], object]
    before: Callable[[], object] = lambda: None
    after: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Cost:
    """Seconds that a call takes: on the clock, and of the backend's CPU where that is known.

    Of a slice, wall is the median of its calls, for others may get the processor in between; cpu
    is the mean.
    """

    wall: float
    cpu: float | None


@dataclass(frozen=True)
class Costs:
    """What a way took, round by round."""

    rounds: Sequence[Cost]

    @property
    def median(self) -> Cost:
        """The medians of both times."""
        cpu = [cost.cpu for cost in self.rounds if cost.cpu is not None]
        return Cost(median(cost.wall for cost in self.rounds), median(cpu) if cpu else None)

    def ratio(self, other: "Costs") -> Cost:
        """Return the medians of the rounds' ratios to another way."""
        pairs = list(zip(self.rounds, other.rounds, strict=True))
        cpu = [mine.cpu / its.cpu for mine, its in pairs if mine.cpu and its.cpu]
        wall = median(mine.wall / its.wall for mine, its in pairs)
        return Cost(wall, median(cpu) if cpu else None)


def compare(ways: Mapping[str, Way], rounds: int, calls: int) -> dict[str, Costs]:
    """Return what each way took: `rounds` slices of `calls` calls, in turn.

    The order turns round from round to round, and one more round goes before as a warm-up.
    """
    taken: dict[str, list[Cost]] = {name: [] for name in ways}
    names = list(ways)
    for number in range(rounds + 1):
        for name in names:
            taken[name].append(_slice(ways[name], number * calls, calls))
        names.reverse()
    return {name: Costs(costs[1:]) for name, costs in taken.items()}


def _slice(way: Way, first: int, calls: int) -> Cost:
    way.before()
    cpu_start = way.session.cpu_seconds()
    times = [time.perf_counter()]
    for number in range(first, first + calls):
        way.call(number)
        times.append(time.perf_counter())
    cpu_end = way.session.cpu_seconds()
    way.after()
    wall = median(end - start for start, end in pairwise(times))
    if cpu_start is None or cpu_end is None:
        return Cost(wall, None)
    return Cost(wall, (cpu_end - cpu_start) / calls)
