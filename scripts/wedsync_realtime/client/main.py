"""Print the TypeScript client, typed for the channels of a database."""

import argparse
import sys
from collections.abc import Sequence

from wedsync_realtime.client import source
from wedsync_realtime.command import tool
from wedsync_realtime.command.output import Printer
from wedsync_realtime.connection import server
from wedsync_realtime.errors import NotDeployedError
from wedsync_realtime.record import ledger


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(
        "wedsync-realtime client", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--json", action="store_true", help="print the channels as one JSON object")
    tool.add_database_url(parser)
    options = parser.parse_args(arguments)
    printer = Printer(options.json)
    try:
        return tool.run(lambda: _print(options, printer), printer)
    except KeyboardInterrupt:
        return tool.DONE


def _print(options: argparse.Namespace, printer: Printer) -> int:
    with server.connect(tool.url_of(options, printer)) as connection:
        if not ledger.exists(connection):
            raise NotDeployedError("The package is not in this database.", "Run `make migrate`.")
        channels = source.read_channels(connection)
    printer.data({"channels": [channel._asdict() for channel in channels]})
    if not options.json:
        sys.stdout.write(source.client(channels))
    return tool.DONE
