"""The benchmark, at a scale at which its times mean nothing: that it finds what it should."""

import io
import json
from collections.abc import Sequence

import pytest
from rich.console import Console

from wedsync_realtime.bench.calls import behind
from wedsync_realtime.bench.delivering import chart, push
from wedsync_realtime.bench.ground.stage import Scale, default_parent, open_stage
from wedsync_realtime.bench.main import SCENARIOS, measure
from wedsync_realtime.bench.measure import report
from wedsync_realtime.bench.measure.compare import Cost, Costs
from wedsync_realtime.bench.measure.figures import Figure, Ratio, Reading, percentile, ratio
from wedsync_realtime.bench.writing import writers

TINY = Scale(
    rounds=1,
    calls=2,
    leases=(1, 3),
    bulk_rows=10,
    bulk_rounds=1,
    feed_events=200,
    live_leases=40,
    expired_leases=4,
    history_days=1,
    listeners=1,
    deliveries=1,
    pollers=2,
    subscribers=(1, 2),
)


@pytest.fixture(scope="module")
def figures() -> Sequence[Figure]:
    with (
        pytest.MonkeyPatch.context() as patch,
        open_stage(TINY, default_parent(), None, lambda line: None) as stage,
    ):
        patch.setattr(push, "BULK", 100)
        patch.setattr(writers, "CALLS", 2)
        patch.setattr(behind, "NEAR", 500)
        patch.setattr(behind, "PAGES", (10, 500))
        return list(measure(stage))


def test_every_scenario_yields_figures(figures: Sequence[Figure]) -> None:
    scenarios = {figure.scenario for figure in figures}
    assert len(scenarios) >= len(SCENARIOS)
    for figure in figures:
        if isinstance(figure, Ratio):
            assert min(figure.ours.wall, figure.plain.wall, figure.ratio.wall) > 0


def test_nothing_fails_while_it_measures(figures: Sequence[Figure]) -> None:
    counted = {
        figure.what: figure.value
        for figure in figures
        if isinstance(figure, Reading) and ("failed" in figure.what or "blocked" in figure.what)
    }
    assert len(counted) == 2
    assert set(counted.values()) == {0}


def test_figures_are_told_to_people_and_programs(figures: Sequence[Figure]) -> None:
    out = io.StringIO()
    report.print_table(figures, Console(file=out, width=200))
    assert all(figure.scenario in out.getvalue() for figure in figures)
    assert json.loads(json.dumps([figure.as_json() for figure in figures]))


def test_the_chart_shows_push_polls_and_supabase(figures: Sequence[Figure]) -> None:
    svg = chart.draw(figures)
    assert svg.count("<polyline") == 3
    assert svg.count("<circle") == 2 * len(TINY.subscribers) + len(chart.SUPABASE)


def test_a_ratio_is_the_median_of_the_rounds_and_not_that_of_the_medians() -> None:
    ours = Costs([Cost(1, 2), Cost(10, 20), Cost(4, 8)])
    plain = Costs([Cost(1, 1), Cost(5, 5), Cost(1, 1)])
    assert ours.ratio(plain) == Cost(2, 4)


@pytest.mark.parametrize(
    ("goal", "by_cpu", "is_met"),
    [(4, False, True), (3, False, False), (4, True, False), (5, True, True), (None, False, None)],
)
def test_a_goal_holds_for_wall_time_or_cpu(
    goal: float | None, by_cpu: bool, is_met: bool | None
) -> None:
    ours, plain = Costs([Cost(4, 5)]), Costs([Cost(1, 1)])
    assert ratio("s", "w", ours, plain, "a", goal, by_cpu=by_cpu).is_met is is_met


def test_a_goal_for_cpu_is_not_judged_where_it_is_not_known() -> None:
    ours, plain = Costs([Cost(4, None)]), Costs([Cost(1, None)])
    assert ratio("s", "w", ours, plain, "a", 5, by_cpu=True).is_met is None


def test_percentiles_are_of_calls_that_were_made() -> None:
    seconds = [0.001 * number for number in range(1, 101)]
    assert [percentile(seconds, share) for share in (50, 99, 100)] == pytest.approx([50, 99, 100])
