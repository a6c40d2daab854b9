"""Measure the package against plain SQL, in a throwaway PostgreSQL on this machine."""

import argparse
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

from rich.console import Console

from wedsync_realtime.bench.calls import behind, calls, cleanup, feed, pollers, views
from wedsync_realtime.bench.delivering import chart, delivered, delivery, push, transports, walrus
from wedsync_realtime.bench.ground import people
from wedsync_realtime.bench.ground.stage import FULL, Scale, Stage, default_parent, open_stage
from wedsync_realtime.bench.measure import report
from wedsync_realtime.bench.measure.figures import Figure
from wedsync_realtime.bench.writing import changes, writers
from wedsync_realtime.command import tool
from wedsync_realtime.command.output import Printer

SCENARIOS: dict[str, Callable[[Stage], Iterator[Figure]]] = {
    "leases": changes.leases,
    "delivered": delivered.delivered,
    "rows": changes.single_rows,
    "bulk": changes.many_rows,
    "writers": writers.writers,
    "subscribe": calls.subscribe,
    "ping": calls.ping,
    "poll": feed.poll,
    "behind": behind.behind,
    "delivery": delivery.delivery,
    "pollers": pollers.pollers,
    "push": push.push,
    "transports": transports.transports,
    "cleanup": cleanup.cleanup,
    "views": views.views,
}


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(arguments)
    printer = Printer(as_json=False)
    try:
        return tool.run(lambda: _bench(options, printer), printer)
    except KeyboardInterrupt:
        return tool.FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("wedsync-realtime bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the big sizes; takes long")
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument(
        "--walrus",
        type=Path,
        metavar="DIR",
        default=os.environ.get("WALRUS") or None,
        help="a checkout of supabase/walrus, to measure beside; by default $WALRUS",
    )
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw cost versus leases")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file")
    parser.add_argument("--source", type=Path, metavar="DIR", help="folder of migrations/")
    parser.add_argument(
        "--directory", type=Path, metavar="DIR", default=default_parent(), help="on a real disk"
    )
    return parser


def _bench(options: argparse.Namespace, printer: Printer) -> int:
    scale = FULL if options.full else Scale()
    with open_stage(scale, options.directory, options.source, printer.note) as stage:
        with stage.session() as session:
            version = session.value("show server_version")
        figures = list(measure(stage, options.only, options.walrus))
    report.print_table(figures, Console())
    if options.json:
        told = {
            "server": version,
            "cpus": os.cpu_count(),
            "scale": asdict(scale),
            "figures": [figure.as_json() for figure in figures],
        }
        options.json.write_text(json.dumps(told, indent=4) + "\n")
    if options.svg:
        options.svg.write_text(chart.draw(figures))
    return tool.DONE


def measure(
    stage: Stage, names: Sequence[str] = tuple(SCENARIOS), checkout: Path | None = None
) -> Iterator[Figure]:
    """Prepare the stage and yield the figures of the scenarios.

    checkout: of supabase/walrus, to be measured beside ours.
    """
    stage.report("Preparing suppliers, users and leases …")
    with stage.session("set synchronous_commit = off") as session:
        people.prepare(session)
        spare = calls.NEW_USERS * (stage.scale.rounds + 1)
        for size in sorted({*stage.scale.leases, *calls.SIZES}):
            people.add(session, f"leases {size}", users=size + spare, leases=size)
        people.add(session, changes.LISTENED, leases=1)
        session.run("vacuum analyze")
    scenarios = {name: SCENARIOS[name] for name in SCENARIOS if name in names}
    if checkout:
        scenarios = {"walrus": lambda stage: walrus.supabase(stage, checkout), **scenarios}
    for name, scenario in scenarios.items():
        start = perf_counter()
        yield from scenario(stage)
        stage.report(f"{name}: {perf_counter() - start:.0f} s")
