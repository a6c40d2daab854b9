"""The demo in a browser: a database, a relay with its NATS server, and a page."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from wedsync_realtime.client import source
from wedsync_realtime.command.output import Printer
from wedsync_realtime.connection import server
from wedsync_realtime.dashboard import web
from wedsync_realtime.dashboard.guard import Guard, Keys
from wedsync_realtime.demo import script, site, wedding
from wedsync_realtime.demo.database import own_database
from wedsync_realtime.deployment import deploy
from wedsync_realtime.errors import RunnerError
from wedsync_realtime.started import as_started

PORT = 7410
METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE"})
ADVICE = as_started("Open the address that `make demo BROWSER=1` printed.")
_FREE = "127.0.0.1:0"
_OTHERS = ("NATS_URL", "NATS_SEED", "JWT_JWKS", "JWT_AUDIENCE")  # not this relay's


def serve(start: Callable[[], str], port: int, keep: bool, printer: Printer) -> None:
    """Serve the page until interrupted. start: tells the server where the database is made."""
    players, secret = wedding.invite(), secrets.token_urlsafe(32)
    with ThreadPoolExecutor(1) as pool, web.listen(port) as socket:
        packages = pool.submit(script.packages, printer.note)
        with own_database(start(), keep) as own_url:
            deploy.migrate(own_url, report=printer.note)
            with server.connect(own_url) as connection:
                players.write(connection)
                client = source.client(source.read_channels(connection))
            page = script.build(client, packages.result())
            with _relay(own_url, secret) as websocket:
                told = {"websocket": websocket, **players.told(secret)}
                app = site.create_app(own_url, secret, told, page)
                keys = Keys(socket.getsockname()[1])
                guard = Guard(app, keys, ADVICE, methods=METHODS, reaches=websocket)
                printer.data({"url": keys.address})
                printer.line(f"Open {keys.address} in a browser; Ctrl-C ends it.")
                with suppress(KeyboardInterrupt):
                    web.serve(guard, socket)
    printer.note(f"Stopped; the database {'stays' if keep else 'is removed'}.")


@contextmanager
def _relay(url: str, secret: str) -> Iterator[str]:
    """Run a relay of its own for the time of the context, and yield the address of its WebSocket.

    secret: that tokens are signed with.
    Raises RunnerError.
    """
    command = [sys.executable, "-m", "wedsync_realtime", "relay", "--json"]
    with (
        TemporaryDirectory(prefix="wedsync-relay-") as home,
        subprocess.Popen(
            [*command, "--listen", _FREE, "--websocket", _FREE],
            env=_environment(url, secret, Path(home)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is this process's, which stops it in turn
        ) as process,
    ):
        try:
            assert process.stdout
            told = json.loads(process.stdout.readline() or "{}")
            if "websocket" not in told:
                fix = told.get("fix", "Look at what it said above.")
                raise RunnerError(told.get("message", "The relay has ended."), fix)
            yield told["websocket"]
        finally:
            process.terminate()


def _environment(url: str, secret: str, home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _OTHERS}
    own = {"DATABASE_URL": url, "JWT_SECRET": secret, "WEDSYNC_REALTIME_HOME": str(home)}
    return kept | own
