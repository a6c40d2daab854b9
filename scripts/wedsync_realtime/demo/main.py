"""Play the demo on a database of its own, which is removed afterwards.

The server is that of DATABASE_URL, or the embedded one, installed and started as needed. The
package's roles belong to the whole server and stay.
"""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

from psycopg import sql
from psycopg.conninfo import make_conninfo
from rich.console import Console

from wedsync_realtime.command import tool
from wedsync_realtime.command.output import Printer
from wedsync_realtime.connection import conninfo, server
from wedsync_realtime.demo import cast, play
from wedsync_realtime.demo.stage import Stage
from wedsync_realtime.deployment import deploy
from wedsync_realtime.embedded import service
from wedsync_realtime.listener import RefusedError


def main(arguments: Sequence[str]) -> int:
    """Play, and return 0 when everything happened that was expected."""
    parser = argparse.ArgumentParser(
        "wedsync-realtime demo", description=__doc__, allow_abbrev=False
    )
    tool.add_database_url(parser)
    options = parser.parse_args(arguments)
    printer = Printer(as_json=False)
    try:
        return tool.run(lambda: _perform(options.database_url, printer), printer)
    except KeyboardInterrupt:
        printer.note("Interrupted; the database is removed.")
        return tool.FAILED


def _perform(url: str | None, printer: Printer) -> int:
    if url is None:
        url = service.ensure_running(printer.note).url
    stage = Stage(Console(highlight=False, soft_wrap=True))
    with _database(url) as own_url:
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
    return tool.FAILED if stage.unmet else tool.DONE


@contextmanager
def _database(url: str) -> Iterator[str]:
    """Create a database on the server of a URL, yield its own URL, and drop it."""
    name = f"wedsync_demo_{uuid4().hex[:8]}"
    with server.connect(url) as connection:
        server.check_writable(connection)
        connection.execute(
            sql.SQL("create database {} template template0").format(sql.Identifier(name))
        )
    try:
        yield make_conninfo(**conninfo.parse_url(url) | {"dbname": name})
    finally:
        with server.connect(url) as connection:
            connection.execute(
                sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
            )
