"""The commands plan, verify, baseline, rollback and uninstall."""

import argparse
import os
from collections.abc import Callable
from typing import Any

from wedsync_realtime import __version__
from wedsync_realtime.command import tool
from wedsync_realtime.command.output import Printer, confirm
from wedsync_realtime.command.tool import DONE
from wedsync_realtime.connection import conninfo, server
from wedsync_realtime.deployment import transaction
from wedsync_realtime.entry.options import limits_of
from wedsync_realtime.errors import NotConfirmedError
from wedsync_realtime.inspection import baseline, verify
from wedsync_realtime.packaging import script_text
from wedsync_realtime.record import ledger
from wedsync_realtime.removal import rollback, uninstall
from wedsync_realtime.source.plan import Plan, compare, refuse_rewritten_history
from wedsync_realtime.source.scripts import default_root, discover
from wedsync_realtime.started import as_started

PENDING = 3


def add_commands(
    add: Callable[..., argparse.ArgumentParser],
    target: argparse.ArgumentParser,
    source: argparse.ArgumentParser,
    limits: argparse.ArgumentParser,
) -> None:
    """Add the commands to the parser.

    add: takes name, function and parsers of options. target, source, limits: those options.
    """
    add("plan", _plan, target, source, limits).add_argument(
        "--sql", action="store_true", help="print the SQL too"
    )
    check = add("verify", _verify, target, source, limits)
    check.add_argument("--diff", action="store_true", help="show what differs")
    check.add_argument(
        "--scratch", action="store_true",
        help="compare with a scratch database that the files are deployed into, not the record",
    )  # fmt: skip
    adopt = add("baseline", _baseline, target, source, limits)
    for command in (check, adopt):
        command.add_argument(
            "--scratch-url",
            metavar="URL",
            default=os.environ.get("SCRATCH_DATABASE_URL"),
            help="an empty database to use; by default $SCRATCH_DATABASE_URL, and without that "
            "one is made on the server",
        )
    back = add("rollback", _rollback, target, source, limits)
    back.add_argument(
        "--to", metavar="VERSION", help="migration number or version; by default that of the files"
    )
    away = add("uninstall", _uninstall, target, limits)
    away.add_argument(
        "--with-data", action="store_true", help="drop reference tables that hold rows too"
    )
    for command in (back, away):
        command.add_argument("--yes", action="store_true", help="do not ask")


def _plan(options: argparse.Namespace, printer: Printer) -> int:
    """Show what migrate would run, changing nothing."""
    scripts = discover(options.source or default_root())
    url = tool.url_of(options, printer)
    with (
        server.connect(url, wait=options.wait, report=printer.note) as connection,
        transaction.read_only(connection),
    ):
        ledger.refuse_older_package(connection)
        last = ledger.last(connection)
        plan = compare(scripts, ledger.read(connection))
        refuse_rewritten_history(plan)
        steps = script_text.steps(plan)
        text = script_text.text(connection, steps) if options.sql else None
    printer.data(
        {
            "database": conninfo.display_name(url),
            "version": last.version,
            "finished": last.is_finished,
            "package": __version__,
            "steps": [step.as_json() for step in steps],
            **({"sql": text} if options.sql else {}),
        }
    )
    if text is not None:
        printer.line(text)
    else:
        for step in steps:
            printer.line(str(step))
        if last.version not in (None, __version__):
            printer.line(f"version {last.version} -> {__version__}")
        elif not last.is_finished:
            printer.line("The last deployment did not come to its end: migrate finishes it.")
        elif plan.is_empty:
            printer.line("Nothing to do.")
    return DONE if plan.is_empty and last.is_done else PENDING


def blocked(plan: Plan) -> dict[str, Any]:
    """Return the migrations that stop a deployment."""
    return {
        "edited": [script.path for script in plan.edited],
        "missing": [deployed.path for deployed in plan.missing],
    }


def _verify(options: argparse.Namespace, printer: Printer) -> int:
    """Compare the objects in the database with what was deployed, and with the files."""
    url = tool.url_of(options, printer)
    if options.scratch or options.scratch_url:
        verdict = baseline.verify_files(
            url, options.source, options.scratch_url, limits_of(options), printer.note
        )
    else:
        verdict = verify.verify(url, options.source, options.wait)
    _print_verdict(verdict, url, options.diff, printer)
    return DONE if verdict.is_clean else PENDING


def _print_verdict(verdict: verify.Verdict, url: str, diff: bool, printer: Printer) -> None:
    plan = verdict.plan
    printer.data(
        {
            "database": conninfo.display_name(url),
            "objects": verdict.objects,
            "findings": [
                {
                    "state": finding.state,
                    "kind": finding.kind,
                    "name": finding.name,
                    "expected": finding.expected,
                    "actual": finding.actual,
                }
                for finding in verdict.findings
            ],
            "pending": [script.path for script in plan.pending],
            "changed": [script.path for script in plan.changed],
            "removed": [deployed.path for deployed in plan.removed],
            **blocked(plan),
        }
    )
    for finding in verdict.findings:
        printer.line(str(finding))
        for line in finding.difference if diff and finding.state == "changed" else ():
            printer.line(f"    {line}")
    if not plan.is_empty:
        printer.line(as_started("The files differ from what was deployed: see `make plan`."))
    count = len(verdict.findings)
    printer.line(
        f"{conninfo.display_name(url)}: {verdict.objects} objects, "
        + (f"{count} not as deployed" if count else "all as deployed")
    )


def _baseline(options: argparse.Namespace, printer: Printer) -> int:
    """Adopt a database that has the objects already but no record of a deployment."""
    url = tool.url_of(options, printer)
    verdict = baseline.baseline(
        url, options.source, options.scratch_url, limits_of(options), printer.note
    )
    _print_verdict(verdict, url, True, printer)
    if not verdict.is_clean:
        printer.line("Not adopted: make it the same, or drop what differs, and run again.")
        return PENDING
    printer.line("Adopted: migrate goes on from here.")
    return DONE


def _rollback(options: argparse.Namespace, printer: Printer) -> int:
    """Undo migrations, the newest first, for development; what they held is lost."""
    url = tool.url_of(options, printer)
    planned = rollback.plan(url, options.source, options.to, options.wait)
    for line in planned.warnings:
        printer.note(line)
    if planned.undone and not (options.yes or confirm("Undo these migrations?")):
        raise NotConfirmedError(
            f"Nothing undone: {len(planned.undone)} migrations hold data.",
            "Answer y, or pass --yes.",
        )
    done = rollback.roll_back(url, planned, limits_of(options), printer.note)
    printer.data({"database": conninfo.display_name(url), **done.as_json()})
    for line in done.lines():
        printer.line(line)
    return DONE


def _uninstall(options: argparse.Namespace, printer: Printer) -> int:
    """Take the package away, leaving the application's tables as they were found."""
    url = tool.url_of(options, printer)
    losses = uninstall.losses(url, options.wait)
    for line in losses:
        printer.note(line)
    if losses and not (options.yes or confirm(f"Uninstall from {conninfo.display_name(url)}?")):
        raise NotConfirmedError(
            f"Nothing uninstalled from {conninfo.display_name(url)}.", "Answer y, or pass --yes."
        )
    kept = uninstall.uninstall(url, options.with_data, limits_of(options), printer.note)
    printer.data(
        {"database": conninfo.display_name(url), "uninstalled": bool(losses), "kept": kept}
    )
    for line in kept:
        printer.line(f"Kept: {line}")
    printer.line("Uninstalled." if losses else "There was nothing to uninstall.")
    return DONE
