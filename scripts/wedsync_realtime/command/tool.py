"""What the commands have in common: their database and their errors."""

import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from io import TextIOWrapper

import psycopg

from wedsync_realtime.command.output import Printer
from wedsync_realtime.embedded import service
from wedsync_realtime.errors import RunnerError

DONE, FAILED = 0, 1

_FIXES = {
    "25006": "Connect to the primary: a standby answers polls, and nothing that writes or listens.",
    "42501": "Connect as a role that has the privilege, or have it granted.",
}
_LOOK = "Look into the server's log, then run again."


def replace_unprintable() -> None:
    """Print a question mark where the terminal's encoding has no sign for what is printed."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def add_database_url(parser: ArgumentParser) -> None:
    """Add the option that names the database."""
    parser.add_argument(
        "--database-url",
        metavar="URL",
        default=os.environ.get("DATABASE_URL"),
        help="by default $DATABASE_URL, and without that the embedded one",
    )


def url_of(options: Namespace, printer: Printer) -> str:
    """Return the database that was named, or else the embedded one, which is started."""
    if options.database_url is not None:
        return str(options.database_url)
    return service.running(printer.note).url


def system_error(error: OSError) -> RunnerError:
    """Return what the operating system refused, with the fix."""
    if isinstance(error, PermissionError):
        return RunnerError(str(error), "Give this user access, or run as another.")
    return RunnerError(str(error), "Correct what it says, then run again.")


def run(work: Callable[[], int], printer: Printer) -> int:
    """Do the work of a command and return its exit code; say what stopped it, and the fix.

    Raises KeyboardInterrupt when the process is told to stop, in either way.
    """
    replace_unprintable()
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return work()
    except RunnerError as error:
        printer.error(error)
    except psycopg.Error as error:
        message = error.diag.message_primary or str(error).strip()
        fix = error.diag.message_hint or _FIXES.get(error.sqlstate or "", _LOOK)
        printer.error(RunnerError(message, fix))
    except OSError as error:
        printer.error(system_error(error))
    finally:
        signal.signal(signal.SIGTERM, previous)
    return FAILED
