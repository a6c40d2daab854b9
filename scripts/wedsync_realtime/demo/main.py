"""Play the demo on a database of its own, which is removed afterwards unless it is kept.

With --browser it is a page to play with: a couple's form, and the dashboards of their suppliers.
The server is that of DATABASE_URL, or the embedded one, installed and started as needed. The
package's roles belong to the whole server and stay.
"""

import argparse
import asyncio
import shlex
from collections.abc import Sequence

from rich.console import Console

from wedsync_realtime.command import tool
from wedsync_realtime.command.output import Printer
from wedsync_realtime.connection import conninfo, server
from wedsync_realtime.demo import cast, play
from wedsync_realtime.demo.database import own_database
from wedsync_realtime.demo.stage import Stage
from wedsync_realtime.deployment import deploy
from wedsync_realtime.embedded import service
from wedsync_realtime.errors import MissingToolError
from wedsync_realtime.listener import RefusedError
from wedsync_realtime.started import program


def main(arguments: Sequence[str]) -> int:
    """Play, and return 0 when everything happened that was expected."""
    parser = argparse.ArgumentParser(
        "wedsync-realtime demo", description=__doc__, allow_abbrev=False
    )
    tool.add_database_url(parser)
    parser.add_argument("--keep", action="store_true", help="leave the database to be looked at")
    parser.add_argument(
        "--browser", action="store_true", help="serve a page that shows it, with a relay"
    )
    parser.add_argument("--port", type=int, default=None, help="of the page; 0 takes a free one")
    options = parser.parse_args(arguments)
    printer = Printer(as_json=False)
    perform = _serve if options.browser else _perform
    try:
        return tool.run(lambda: perform(options, printer), printer)
    except KeyboardInterrupt:
        printer.note(f"Interrupted; the database {'stays' if options.keep else 'is removed'}.")
        return tool.FAILED


def _serve(options: argparse.Namespace, printer: Printer) -> int:
    try:
        from wedsync_realtime.demo import browser
    except ModuleNotFoundError as missing:
        extra = "tools" if missing.name in ("starlette", "uvicorn") else "relay"
        raise MissingToolError("demo", missing.name, extra, "demo BROWSER=1") from None
    port = browser.PORT if options.port is None else options.port
    browser.serve(lambda: _server(options, printer), port, options.keep, printer)
    return tool.DONE


def _server(options: argparse.Namespace, printer: Printer) -> str:
    """Return the URL of the server that was named, or of the embedded one, which is started."""
    return options.database_url or service.ensure_running(printer.note).url


def _perform(options: argparse.Namespace, printer: Printer) -> int:
    url, keep = _server(options, printer), options.keep
    stage = Stage(Console(highlight=False, soft_wrap=True))
    with own_database(url, keep) as own_url:
        stage.scene(f"A database of its own: {conninfo.display_name(own_url)}")
        outcome = deploy.migrate(own_url, report=printer.note)
        players = cast.invite()
        with server.connect(own_url) as connection:
            cast.write(connection, players)
        stage.expect(bool(outcome.applied), f"{len(outcome.applied)} scripts deployed")
        stage.tell("Times below are from sending a change to its arrival, by NOTIFY and poll.")
        try:
            asyncio.run(play.perform(own_url, players, stage))
        except RefusedError as refusal:
            stage.expect(False, f"the play goes on, but: {refusal}")
    stage.curtain()
    if keep:
        printer.line(_how_to_look(url, own_url))
    return tool.FAILED if stage.unmet else tool.DONE


def _how_to_look(url: str, own_url: str) -> str:
    """Return what to run with a database that was kept; a password does not get into it."""
    database, _ = conninfo.split_password(own_url)
    other, _ = conninfo.split_password(url)
    drop = shlex.quote(f"drop database {conninfo.parse_url(own_url)['dbname']} with (force)")
    own = f"--database-url {shlex.quote(database)}"
    return (
        f"Look at it:  {program()} dashboard {own}\n"
        f"             {program()} psql {own}\n"
        f"Remove it:   {program()} psql --database-url {shlex.quote(other)} -- -c {drop}"
    )
