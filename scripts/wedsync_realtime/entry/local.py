"""The commands up, stop, clean, psql and test-server: the PostgreSQL of this machine."""

import argparse
import os
import shlex
import sys
from collections.abc import Callable

from wedsync_realtime.command import tool
from wedsync_realtime.command.output import Printer, confirm
from wedsync_realtime.command.tool import DONE
from wedsync_realtime.embedded import service
from wedsync_realtime.entry import menu
from wedsync_realtime.errors import NotConfirmedError


def add_commands(
    add: Callable[..., argparse.ArgumentParser], target: argparse.ArgumentParser
) -> None:
    """Add the commands to the parser.

    add: takes name, function and parsers of options. target: the option of the database.
    """
    add("up", _up)
    add("stop", _stop)
    add("clean", _clean).add_argument("--yes", action="store_true", help="do not ask")
    psql = add("psql", _psql, target)
    psql.add_argument("arguments", nargs="*", help="passed on to psql (after --)")
    add("test-server", _test_server)


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
    url = tool.url_of(options, printer)
    if sys.stdin.isatty():
        printer.note(menu.greeting())
    service.exec_psql(url, [*menu.arguments(), *options.arguments])


def _test_server(options: argparse.Namespace, printer: Printer) -> int:
    """Install what the tests need of PostgreSQL, and print the shell's variables for it."""
    bindir = service.ensure_test_server(printer.note)
    variables = {"PG": str(bindir), "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH")}
    printer.data(variables)
    for name, value in variables.items():
        if value:
            printer.line(f"export {name}={shlex.quote(value)}")
    return DONE
