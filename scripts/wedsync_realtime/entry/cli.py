"""The command `wedsync-realtime`."""

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg

from wedsync_realtime import __version__
from wedsync_realtime.command.output import Printer, confirm
from wedsync_realtime.command.tool import replace_unprintable, system_error
from wedsync_realtime.connection import server
from wedsync_realtime.deployment import channels, deploy, execute
from wedsync_realtime.embedded import service
from wedsync_realtime.entry import lifecycle, maintain, menu
from wedsync_realtime.entry.hidden import hide_passwords
from wedsync_realtime.errors import (
    InterruptedCommandError,
    NotConfirmedError,
    RunnerError,
    ScriptError,
)
from wedsync_realtime.packaging import bundle
from wedsync_realtime.record import ledger

DONE, FAILED, USAGE, PENDING = 0, 1, 2, 3

# Commands with options of their own: their folder in the package, and what they do.
TOOLS = {
    "dashboard": ("dashboard", "Serve a page on this machine: who listens, what is wrong."),
    "top": ("top", "Show the same in the terminal."),
    "metrics": ("metrics", "Print the figures for Prometheus, or serve them."),
    "demo": ("demo", "Play a scene with suppliers and couples, in a database of its own."),
    "client": ("client", "Print the TypeScript client, typed for the database's channels."),
    "listen": ("listener", "Print the events of a channel as a user receives them."),
    "bench": ("bench", "Measure throughput and latency."),
}

_EPILOG = "Exit codes: 0 done or nothing to do, 1 failed, 2 usage, 3 pending scripts or drift."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    if arguments is None:
        hide_passwords()
        arguments = sys.argv[1:]
    if arguments and arguments[0] in TOOLS:
        folder, _ = TOOLS[arguments[0]]
        tool = import_module(f"wedsync_realtime.{folder}.main")
        return int(tool.main(arguments[1:]))
    options = _parser().parse_args(arguments)
    replace_unprintable()
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
        printer.error(system_error(error))
        return FAILED
    except KeyboardInterrupt:
        printer.error(InterruptedCommandError())
        return FAILED


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON object")
    target = argparse.ArgumentParser(add_help=False)
    target.add_argument(
        "--database-url",
        metavar="URL",
        default=os.environ.get("DATABASE_URL"),
        help="database; by default $DATABASE_URL, and without that an embedded one",
    )
    source = argparse.ArgumentParser(add_help=False)
    source.add_argument("--source", type=Path, metavar="DIR", help="folder of migrations/")

    parser = argparse.ArgumentParser("wedsync-realtime", description=__doc__, epilog=_EPILOG)
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

    limits = lifecycle.limits_parser()
    cron = argparse.ArgumentParser(add_help=False)
    cron.add_argument("--no-cron", action="store_true", help="do not create the extension pg_cron")
    add("migrate", _migrate, target, source, limits, cron)
    lifecycle.add_commands(add, target, source, limits)
    add("status", _status, target, source, limits)
    add("bundle", _bundle, source, cron).add_argument(
        "--into", type=Path, metavar="DIR", default=bundle.DEFAULT_FOLDER, help="%(default)s"
    )
    add("up", _up)
    add("stop", _stop)
    add("clean", _clean).add_argument("--yes", action="store_true", help="do not ask")
    psql = add("psql", _psql, target)
    psql.add_argument("arguments", nargs="*", help="passed on to psql (after --)")
    work = add("maintain", _maintain, target)
    work.add_argument(
        "--every", type=lifecycle.interval, metavar="SECONDS", help="go on, at this interval"
    )
    work.add_argument("--until-stopped", action="store_true", help="end with the server")
    add("test-server", _test_server)
    for name, (_, text) in TOOLS.items():
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
        lifecycle.limits_of(options),
        with_cron=not options.no_cron,
    )
    with server.connect(url) as connection:
        info = server.inspect(connection)
    printer.outcome(server.display_name(url), outcome, info, perf_counter() - start)
    if cluster:
        if not info.has_cron:
            cluster.start_maintenance()
        printer.line(cluster.how_to_connect())
    elif info.jobs_by == "nobody":
        printer.line(info.cron_advice)
    return DONE


def _status(options: argparse.Namespace, printer: Printer) -> int:
    """Show applied, pending and changed scripts, and what the server has."""
    url = lifecycle.url_of(options, printer)
    with server.connect(url, wait=options.wait, report=printer.note) as connection:
        plan = deploy.read_plan(connection, options.source)
        applied, last = len(ledger.read(connection)), ledger.last(connection)
        info = server.inspect(connection)
        problems = channels.problems(connection)
    printer.status(server.display_name(url), plan, applied, last, info, problems)
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


def _up(options: argparse.Namespace, printer: Printer) -> int:
    """Start the embedded database, creating it where there is none."""
    cluster = service.ensure_running(printer.note)
    printer.data({"url": cluster.url})
    printer.line(cluster.how_to_connect())
    return DONE


def _stop(options: argparse.Namespace, printer: Printer) -> int:
    """Stop the embedded database."""
    stopped = service.stop(printer.note)
    printer.data({"stopped": stopped})
    printer.line("Stopped; the data stays." if stopped else "It was not running.")
    return DONE


def _clean(options: argparse.Namespace, printer: Printer) -> int:
    """Delete the embedded database with its data."""
    data = service.data_directory()
    if data is None:
        printer.line("There is no embedded database.")
    elif options.yes or confirm(f"Delete the database in {data} with all its data?"):
        service.delete(printer.note)
        printer.line(f"Deleted {data}.")
    else:
        raise NotConfirmedError(
            f"Nothing deleted: {data} holds data.", "Answer y, or pass --yes (make clean YES=1)."
        )
    printer.data({"deleted": str(data) if data else None})
    return DONE


def _psql(options: argparse.Namespace, printer: Printer) -> int:
    """Open psql on the database, with a menu of what can be looked at."""
    url = lifecycle.url_of(options, printer)
    if sys.stdin.isatty():
        printer.note(menu.greeting())
    service.exec_psql(url, [*menu.arguments(), *options.arguments])


def _maintain(options: argparse.Namespace, printer: Printer) -> int:
    """Run the jobs once, or at an interval: cleanup, partitions, purge, metrics."""
    url = lifecycle.url_of(options, printer)
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


def _test_server(options: argparse.Namespace, printer: Printer) -> int:
    """Install what the tests need of PostgreSQL, and print the shell's variables for it."""
    bindir = service.ensure_test_server(printer.note)
    variables = {"PG": str(bindir), "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH")}
    printer.data(variables)
    for name, value in variables.items():
        if value:
            printer.line(f"export {name}={shlex.quote(value)}")
    return DONE


def _server_error(error: psycopg.Error) -> RunnerError:
    diag = error.diag
    message = diag.message_primary or str(error).strip()
    if diag.sqlstate:
        message += f" (SQLSTATE {diag.sqlstate})"
    fix = execute.FIXES.get(diag.sqlstate or "", "Look into the server's log, then run again.")
    return ScriptError(message, fix, diag.sqlstate)
