"""Print figures for people."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from wedsync_realtime.bench.measure.compare import Cost
from wedsync_realtime.bench.measure.figures import Figure, Ratio, Reading

_MARKS = {None: "", True: "[green]yes[/green]", False: "[bold red]no[/bold red]"}


def print_table(figures: Sequence[Figure], console: Console) -> None:
    """Print a table with a row per figure; times are of one call."""
    table = Table(caption="wall time / CPU time of the backend; ratios are medians of the rounds'")
    table.add_column("what")
    for name in ("ours", "equivalent", "ratio", "goal", "ok?"):
        table.add_column(name, justify="right", no_wrap=True)
    scenario = None
    for figure in figures:
        if figure.scenario != scenario:
            scenario = figure.scenario
            table.add_section()
            table.add_row(f"[bold]{scenario}[/bold]")
        table.add_row(*_cells(figure), _MARKS[figure.is_met])
    console.print(table)


def _cells(figure: Figure) -> tuple[str, str, str, str, str]:
    if isinstance(figure, Ratio):
        what = f"{figure.what} : {figure.against}"
        goal = f"≤ {figure.goal:g}" if figure.goal is not None else ""
        if goal and figure.by_cpu:
            goal += " CPU"
        return what, _times(figure.ours), _times(figure.plain), _ratios(figure.ratio), goal
    return figure.what, f"{figure.value:,.4g} {figure.unit}", "", "", _goal(figure)


def _goal(reading: Reading) -> str:
    if reading.at_most is not None:
        return f"≤ {reading.at_most:g}"
    return f"≥ {reading.at_least:g}" if reading.at_least is not None else ""


def _times(cost: Cost) -> str:
    return f"{_time(cost.wall)} / {_time(cost.cpu)}"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _ratios(cost: Cost) -> str:
    wall, cpu = (f"{part:.{2 if part > 0.1 else 4}f}" for part in (cost.wall, cost.cpu or 0))
    return f"{wall} / {cpu}" if cost.cpu is not None else wall
