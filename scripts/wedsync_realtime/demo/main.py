"""Play the demo on a database of its own, which is removed afterwards unless it is kept.

The server is that of DATABASE_URL, or the embedded one, installed and started as needed. The
package's roles belong to the whole server and stay.
"""

import argparse
import asyncio
import shlex
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
from wedsync_realtime.started import program


def main(arguments: Sequence[str]) -> int:
    """Play, and return 0 when everything happened that was expected."""
    parser = argparse.ArgumentParser(
        "wedsync-realtime demo", description=__doc__, allow_abbrev=False
    )
    tool.add_database_url(parser)
    parser.add_argument("--keep", action="store_true", help="leave the database to be looked at")
    options = parser.parse_args(arguments)
    printer = Printer(as_json=False)
    try:
        return tool.run(lambda: _perform(options.database_url, options.keep, printer), printer)
    except KeyboardInterrupt:
        printer.note(f"Interrupted; the database {'stays' if options.keep else 'is removed'}.")
        return tool.FAILED


def _perform(url: str | None, keep: bool, printer: Printer) -> int:
    if url is None:
        url = service.ensure_running(printer.note).url
    stage = Stage(Console(highlight=False, soft_wrap=True))
    with _database(url, keep) as own_url:
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


@contextmanager
def _database(url: str, keep: bool) -> Iterator[str]:
    """Create a database on the server of a URL, yield its own URL, and drop it unless kept."""
    name = f"wedsync_demo_{uuid4().hex[:8]}"
    with server.connect(url) as connection:
        server.check_writable(connection)
        connection.execute(
            sql.SQL("create database {} template template0").format(sql.Identifier(name))
        )
    try:
        yield make_conninfo(**conninfo.parse_url(url) | {"dbname": name})
    finally:
        if not keep:
            with server.connect(url) as connection:
                connection.execute(
                    sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
                )
