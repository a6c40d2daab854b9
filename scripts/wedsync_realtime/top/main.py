"""Show in the terminal who listens, what is refused, and what is wrong."""

import argparse
import sys
from collections.abc import Sequence

from wedsync_realtime.command import tool
from wedsync_realtime.command.output import Printer
from wedsync_realtime.connection import conninfo
from wedsync_realtime.errors import MissingToolError, NoTerminalError
from wedsync_realtime.monitoring import panels
from wedsync_realtime.monitoring.reader import Reader

EVERY = 2.0  # seconds between updates
SHORTEST, LONGEST = 0.5, 3600.0


def main(arguments: Sequence[str]) -> int:
    """Show until told to stop, and return the exit code."""
    parser = argparse.ArgumentParser(
        "wedsync-realtime top", description=__doc__, allow_abbrev=False
    )
    parser.add_argument(
        "--every", type=_seconds, default=EVERY, metavar="SECONDS", help="between updates"
    )
    tool.add_database_url(parser)
    options = parser.parse_args(arguments)
    printer = Printer(as_json=False)
    try:
        return tool.run(lambda: _show(options, printer), printer)
    except KeyboardInterrupt:
        return tool.DONE


def _seconds(text: str) -> float:
    seconds = float(text)
    if not SHORTEST <= seconds <= LONGEST:
        raise ValueError(text)
    return seconds


def _show(options: argparse.Namespace, printer: Printer) -> int:
    try:
        from wedsync_realtime.top.app import Top
    except ModuleNotFoundError as missing:
        raise MissingToolError("top", missing.name) from None
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NoTerminalError(
            "This is not a terminal.", "Run it in one; programs read `make metrics`."
        )
    url = tool.url_of(options, printer)
    reader = Reader(url, "wedsync-realtime top")
    panels.overview(reader)  # what is wrong with the database is said before the screen is taken
    Top(reader, conninfo.display_name(url), options.every).run()
    reader.close()
    return tool.DONE
