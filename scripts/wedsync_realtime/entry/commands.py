"""The commands that deploy, compare and maintain, and the embedded database's."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, NoReturn

import psycopg

from wedsync_realtime import __version__
from wedsync_realtime.command import tool
from wedsync_realtime.command.output import Printer
from wedsync_realtime.command.tool import DONE, FAILED
from wedsync_realtime.connection import conninfo, server
from wedsync_realtime.deployment import channels, deploy, execute
from wedsync_realtime.deployment.transaction import read_only
from wedsync_realtime.embedded import service
from wedsync_realtime.entry import cli, lifecycle, local, maintain, results
from wedsync_realtime.entry.options import interval, limits_of, limits_parser, source_parser
from wedsync_realtime.errors import (
    InterruptedCommandError,
    NotConfirmedError,
    RunnerError,
    ScriptError,
    UsageError,
)
from wedsync_realtime.packaging import bundle
from wedsync_realtime.record import ledger
from wedsync_realtime.started import as_started

USAGE, PENDING = 2, 3

NEXT = "next:  make demo plays a scene, make psql opens the database, make dashboard shows it"
_EPILOG = "Exit codes: 0 done or nothing to do, 1 failed, 2 usage, 3 pending scripts or drift."


def main(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code."""
    kind = _ParserForPrograms if "--json" in arguments else argparse.ArgumentParser
    options = _parser(kind).parse_args(arguments)
    tool.replace_unprintable()
    printer = Printer(options.json)
    try:
        return int(options.command(options, printer))
    except RunnerError as error:
        printer.error(error)
        return USAGE if isinstance(error, NotConfirmedError) else FAILED
    except psycopg.Error as error:
        printer.error(_server_error(error))
        return FAILED
    except OSError as error:
        printer.error(tool.system_error(error))
        return FAILED
    except KeyboardInterrupt:
        printer.error(InterruptedCommandError())
        return FAILED


class _ParserForPrograms(argparse.ArgumentParser):
    """A parser that tells of wrong usage as of any other error."""

    def error(self, message: str) -> NoReturn:
        Printer(True).error(UsageError(message, f"See what there is: {self.prog} --help"))
        self.exit(USAGE)


def _parser(
    kind: type[argparse.ArgumentParser] = argparse.ArgumentParser,
) -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON object")
    target = argparse.ArgumentParser(add_help=False)
    tool.add_database_url(target)
    source = source_parser()

    parser = kind("wedsync-realtime", description=cli.__doc__, epilog=_EPILOG)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, function: Any, *parents: argparse.ArgumentParser) -> Any:
        command = commands.add_parser(
            name,
            parents=[common, *parents],
            help=function.__doc__,
            epilog=_EPILOG,
            allow_abbrev=False,
        )
        command.set_defaults(command=function)
        return command

    limits = limits_parser()
    cron = argparse.ArgumentParser(add_help=False)
    cron.add_argument("--no-cron", action="store_true", help="do not create the extension pg_cron")
    add("migrate", _migrate, target, source, limits, cron)
    lifecycle.add_commands(add, target, source, limits)
    add("status", _status, target, source, limits)
    add("bundle", _bundle, source, cron).add_argument(
        "--into", type=Path, metavar="DIR", default=bundle.DEFAULT_FOLDER, help="%(default)s"
    )
    local.add_commands(add, target)
    work = add("maintain", _maintain, target)
    work.add_argument("--every", type=interval, metavar="SECONDS", help="go on, at this interval")
    work.add_argument("--until-stopped", action="store_true", help="end with the server")
    for name, (_, text) in cli.TOOLS.items():
        commands.add_parser(name, help=text)  # for the list; main has run it by now
    return parser


def _migrate(options: argparse.Namespace, printer: Printer) -> int:
    """Deploy what is pending; without a database, create an embedded one."""
    start = perf_counter()
    cluster = None
    if options.database_url is None:
        cluster = service.ensure_running(printer.note)
    url = cluster.url if cluster else options.database_url
    outcome = deploy.migrate(
        url,
        options.source,
        printer.note,
        limits_of(options),
        with_cron=not options.no_cron,
    )
    with server.connect(url) as connection:
        info = server.inspect(connection)
    results.outcome(printer, conninfo.display_name(url), outcome, info, perf_counter() - start)
    if cluster:
        if not info.has_cron:
            cluster.start_maintenance()
        printer.line(cluster.how_to_connect())
    if not cluster and info.jobs_by == "nobody" and info.cron_advice:
        printer.line(info.cron_advice)  # is what comes next
    elif outcome.applied:
        printer.line(as_started(NEXT))
    return DONE


def _status(options: argparse.Namespace, printer: Printer) -> int:
    """Show applied, pending and changed scripts, and what the server has."""
    url = tool.url_of(options, printer)
    with (
        server.connect(url, wait=options.wait, report=printer.note) as connection,
        read_only(connection),
    ):
        plan = deploy.read_plan(connection, options.source)
        applied, last = len(ledger.read(connection)), ledger.last(connection)
        info = server.inspect(connection)
        problems = channels.problems(connection)
    results.status(printer, conninfo.display_name(url), plan, applied, last, info, problems)
    return DONE if plan.is_empty and last.is_done else PENDING


def _bundle(options: argparse.Namespace, printer: Printer) -> int:
    """Write what is not bundled yet as migrations of the Supabase CLI."""
    written = bundle.write(options.into, options.source, with_cron=not options.no_cron)
    applied = [path for each in written for path in each.applied]
    removed = [path for each in written for path in each.removed]
    files = [str(each.file) for each in written]
    printer.data({"files": files, "applied": applied, "removed": removed})
    for file in files:
        printer.line(file)
    printer.line(f"{len(applied)} scripts" if files else "Nothing to bundle: all of it is there.")
    return DONE


def _maintain(options: argparse.Namespace, printer: Printer) -> int:
    """Run the jobs once, or at an interval: cleanup, partitions, purge, metrics."""
    url = tool.url_of(options, printer)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(DONE))

    def report(answers: maintain.Answers) -> bool:
        printer.data(answers)
        printer.line(", ".join(f"{job}: {answer}" for job, answer in answers.items()))
        return all(isinstance(answer, int) for answer in answers.values())

    if options.every:
        reconnect = not options.until_stopped
        maintain.run_every(url, options.every, report, printer.note, reconnect=reconnect)
    else:
        with server.connect(url) as connection:
            return DONE if report(maintain.run_once(connection)) else FAILED
    return DONE


def _server_error(error: psycopg.Error) -> RunnerError:
    diag = error.diag
    message = diag.message_primary or str(error).strip()
    if diag.sqlstate:
        message += f" (SQLSTATE {diag.sqlstate})"
    fix = execute.FIXES.get(diag.sqlstate or "", "Look into the server's log, then run again.")
    return ScriptError(message, fix, diag.sqlstate)
