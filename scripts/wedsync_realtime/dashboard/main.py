"""Serve a page on this machine that shows who listens, what is refused, and what is wrong."""

import argparse
from collections.abc import Sequence
from contextlib import suppress

from wedsync_realtime.command import tool
from wedsync_realtime.command.output import Printer
from wedsync_realtime.connection import conninfo
from wedsync_realtime.errors import MissingToolError
from wedsync_realtime.monitoring import panels
from wedsync_realtime.monitoring.reader import Reader

PORT = 7400


def main(arguments: Sequence[str]) -> int:
    """Serve until interrupted, and return the exit code."""
    options = _parser().parse_args(arguments)
    printer = Printer(options.json)
    try:
        return tool.run(lambda: _serve(options, printer), printer)
    except KeyboardInterrupt:
        printer.note("Stopped.")
        return tool.DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "wedsync-realtime dashboard", description=__doc__, allow_abbrev=False
    )
    parser.add_argument(
        "--port",
        type=int,
        default=PORT,
        help=f"on the loopback interface; by default {PORT}, 0 takes a free one",
    )
    parser.add_argument("--json", action="store_true", help="print the address as JSON")
    tool.add_database_url(parser)
    return parser


def _serve(options: argparse.Namespace, printer: Printer) -> int:
    try:
        from wedsync_realtime.dashboard import app, guard, web
    except ModuleNotFoundError as missing:
        raise MissingToolError("dashboard", missing.name) from None
    url = tool.url_of(options, printer)
    database = conninfo.display_name(url)
    reader = Reader(url, "wedsync-realtime dashboard")
    panels.overview(reader)  # what is wrong with the database is said here, not in the page
    with web.listen(options.port) as socket:
        keys = guard.Keys(socket.getsockname()[1])
        printer.data({"url": keys.address, "database": database})
        printer.line(f"{database}, read-only: {keys.address}")
        printer.note("Whoever has this address sees the figures. Ctrl-C ends it.")
        with suppress(KeyboardInterrupt):
            web.serve(app.create_app(reader, database, keys), socket)
    reader.close()
    printer.note("Stopped.")
    return tool.DONE
