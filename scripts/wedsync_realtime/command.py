"""What the commands beside `wedsync-realtime` have in common: their database and their errors."""

import os
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Callable

import psycopg

from wedsync_realtime.errors import RunnerError
from wedsync_realtime.output import Printer

DONE, FAILED = 0, 1


def add_database_url(parser: ArgumentParser) -> None:
    """Add the option that names the database."""
    parser.add_argument(
        "--database-url",
        metavar="URL",
        default=os.environ.get("DATABASE_URL"),
        help="by default $DATABASE_URL, and without that the embedded one",
    )


def run(work: Callable[[], int], printer: Printer) -> int:
    """Do the work of a command and return its exit code; say what stopped it, and the fix.

    Ends in good order when the process is told to stop.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(DONE))
    try:
        return work()
    except RunnerError as error:
        printer.error(error)
    except psycopg.Error as error:
        message = error.diag.message_primary or str(error).strip()
        fix = error.diag.message_hint or "Look into the server's log, then run again."
        printer.error(RunnerError(message, fix))
    except OSError as error:
        printer.error(RunnerError(str(error), "Give this user access, or run as another."))
    return FAILED
