"""What a scenario finds out: ratios to plain SQL, and plain readings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wedsync_realtime.bench.measure.compare import Cost, Costs


@dataclass(frozen=True)
class Ratio:
    """How much longer ours takes than plain SQL.

    goal: the ratio that its wall time shall not pass, or, where by_cpu, its CPU time; None where
    it is just for information. leases: how many there were, for the chart.
    """

    scenario: str
    what: str
    against: str
    ours: Cost
    plain: Cost
    ratio: Cost
    goal: float | None = None
    leases: int | None = None
    by_cpu: bool = False

    @property
    def is_met(self) -> bool | None:
        """Tell whether it keeps to its goal; None where that is not known."""
        ratio = self.ratio.cpu if self.by_cpu else self.ratio.wall
        return None if self.goal is None or ratio is None else ratio <= self.goal

    def as_json(self) -> dict[str, Any]:
        """Return the figure for programs; times in seconds."""
        return {
            "scenario": self.scenario,
            "what": self.what,
            "against": self.against,
            "wall": {"ours": self.ours.wall, "plain": self.plain.wall, "ratio": self.ratio.wall},
            "cpu": {"ours": self.ours.cpu, "plain": self.plain.cpu, "ratio": self.ratio.cpu},
            "leases": self.leases,
            "goal": self.goal,
            "goal of": "cpu" if self.by_cpu else "wall",
            "met": self.is_met,
        }


@dataclass(frozen=True)
class Reading:
    """A figure that stands by itself.

    at_most, at_least: its goal, where it has one.
    """

    scenario: str
    what: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_met(self) -> bool | None:
        """Tell whether it keeps to its goal."""
        if self.at_most is not None:
            return self.value <= self.at_most
        if self.at_least is not None:
            return self.value >= self.at_least
        return None

    def as_json(self) -> dict[str, Any]:
        """Return the figure for programs."""
        return {
            "scenario": self.scenario,
            "what": self.what,
            "value": self.value,
            "unit": self.unit,
            "goal": self.at_most if self.at_most is not None else self.at_least,
            "met": self.is_met,
        }


Figure = Ratio | Reading


def ratio(
    scenario: str,
    what: str,
    ours: Costs,
    plain: Costs,
    against: str,
    goal: float | None = None,
    leases: int | None = None,
    *,
    by_cpu: bool = False,
) -> Ratio:
    """Return the figure for two ways that ran in turn."""
    return Ratio(
        scenario, what, against, ours.median, plain.median, ours.ratio(plain), goal, leases, by_cpu
    )


def percentile(seconds: Sequence[float], per_cent: float) -> float:
    """Return the time in milliseconds that this share of the calls kept to."""
    ordered = sorted(seconds)
    return 1e3 * ordered[max(0, math.ceil(len(ordered) * per_cent / 100) - 1)]
