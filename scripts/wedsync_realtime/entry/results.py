"""Print what a deployment did, and how a database and the files compare."""

from wedsync_realtime import __version__
from wedsync_realtime.command.output import Printer, console
from wedsync_realtime.connection.server import ServerInfo
from wedsync_realtime.deployment.outcome import Outcome
from wedsync_realtime.record.ledger import Last
from wedsync_realtime.source.plan import Plan

LONGEST_LIST = 20  # paths of one kind that people get to see


def outcome(
    printer: Printer, database: str, outcome: Outcome, info: ServerInfo, seconds: float
) -> None:
    """Print what a deployment did."""
    printer.data(
        {
            "database": database,
            "applied": outcome.applied,
            "dropped": outcome.dropped,
            "refreshed": outcome.refreshed,
            "version": __version__,
            "version_before": outcome.version,
            "warnings": outcome.warnings,
            "jobs": info.jobs_by,
            "jobs_advice": info.cron_advice if info.jobs_by == "nobody" else "",
            "seconds": round(seconds, 3),
        }
    )
    for warning in outcome.warnings:
        printer.note(f"warning: {warning}")
    printer.line(f"{database}: {_summary(outcome)} ({seconds:.2f} s)")


def status(
    printer: Printer,
    database: str,
    plan: Plan,
    applied: int,
    last: Last,
    info: ServerInfo,
    problems: dict[str, str],
) -> None:
    """Print how database and files compare, what the server has, and channels at fault."""
    groups = {
        "pending": [script.path for script in plan.pending],
        "changed": [script.path for script in plan.changed],
        "removed": [deployed.path for deployed in plan.removed],
        "edited": [script.path for script in plan.edited],
        "missing": [deployed.path for deployed in plan.missing],
    }
    printer.data(
        {
            "database": database,
            "server": info.version,
            "version": last.version,
            "finished": last.is_finished,
            "package": __version__,
            "applied": applied,
            **groups,
            "extensions": info.extensions,
            "jobs": info.jobs_by,
            "channels": problems,
        }
    )
    if printer.as_json:
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("database", escape(database))
    table.add_row("server", f"PostgreSQL {info.version}")
    for name, state in info.extensions.items():
        table.add_row(name, state)
    table.add_row("jobs run by", info.jobs_by)
    if info.jobs_by == "nobody" and info.cron_advice:
        table.add_row("", escape(info.cron_advice))
    table.add_row("version", f"{last.version or 'none'} (this package: {__version__})")
    if not last.is_finished:
        table.add_row("", "the last deployment did not come to its end: migrate finishes it")
    table.add_row("applied", f"{applied} scripts")
    for name, paths in groups.items():
        if paths:
            table.add_row(f"[yellow]{name}[/yellow]", escape(_shortened(paths)))
    if plan.is_empty:
        table.add_row("pending", "nothing")
    for name, problem in problems.items():
        table.add_row(f"[yellow]{escape(name)}[/yellow]", escape(problem))
    console().print(table)


def _shortened(paths: list[str]) -> str:
    rest = len(paths) - LONGEST_LIST
    shown = [*paths[:LONGEST_LIST], f"… and {rest} more (--json has all)"] if rest > 1 else paths
    return "\n".join(shown)


def _summary(outcome: Outcome) -> str:
    if outcome.is_nothing:
        return "nothing to do"
    parts = []
    if outcome.applied:
        parts.append(f"{len(outcome.applied)} scripts applied")
    if outcome.dropped:
        parts.append(f"dropped {', '.join(outcome.dropped)}")
    if outcome.refreshed:
        parts.append("owners, triggers and jobs brought up to date")
    if outcome.version and outcome.is_new_version:
        parts.append(f"version {outcome.version} -> {__version__}")
    return ", ".join(parts)
