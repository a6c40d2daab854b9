"""The dashboard, as a program and in a thread, and what a browser or a program sends it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode, urlsplit

import psycopg

from tests.support.waiting import PATIENCE

SEASON = Path(__file__).parent / "season.sql"
RELAYS = Path(__file__).parent / "relays.sql"


@dataclass(frozen=True)
class Answer:
    """An answer: status, headers by lower-case name, body."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def data(self) -> Any:
        """Return the JSON of the body."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Site:
    """What serves a page. address: of the page, with the token."""

    address: str

    @property
    def port(self) -> int:
        """Return the port that it listens on."""
        return urlsplit(self.address).port or 0

    def send(
        self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
    ) -> Answer:
        """Send a request without a cookie of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, headers=dict(headers or {}))
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read().decode())
        finally:
            connection.close()

    def enter(self) -> Answer:
        """Open the address as it was printed."""
        parts = urlsplit(self.address)
        return self.send(f"{parts.path}?{parts.query}")

    def ask(self, path: str, **parameters: str) -> Answer:
        """Ask the API, with the cookie that entering gave."""
        cookie = self.enter().headers["set-cookie"].partition(";")[0]
        return self.send(f"/api/{path}?{urlencode(parameters)}", {"Cookie": cookie})


@dataclass(frozen=True)
class Dashboard(Site):
    """A page's program that runs."""

    process: subprocess.Popen[str]

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


def command(*arguments: str) -> list[str]:
    """Return the command line of the dashboard."""
    return [sys.executable, "-m", "wedsync_realtime", "dashboard", *arguments]


@contextmanager
def running_dashboard(url: str) -> Iterator[Dashboard]:
    """Run the dashboard of a database on a free port for the time of the context."""
    with subprocess.Popen(
        command("--json", "--port", "0", "--database-url", url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            printed = process.stdout.readline()
            assert printed, process.stderr.read()
            yield Dashboard(json.loads(printed)["url"], process)
        finally:
            process.kill()


@contextmanager
def serving(url: str) -> Iterator[Site]:
    """Serve the dashboard of a database from a thread: the program takes longer to start."""
    # only here, because importing them takes longer than many a test
    from wedsync_realtime.dashboard import app, guard, web
    from wedsync_realtime.monitoring.reader import Reader

    with closing(Reader(url, "test")) as reader, web.listen(0) as listening:
        keys = guard.Keys(listening.getsockname()[1])
        server = web.server(app.create_app(reader, "a database", keys))
        thread = Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield Site(keys.address)
        finally:
            server.should_exit = True
            thread.join()


def report_relays(url: str) -> None:
    """Have two relays report themselves, and one that reports no more."""
    with psycopg.connect(url) as connection:
        connection.execute(RELAYS.read_bytes())


def play_season(url: str, suppliers: int) -> None:
    """Fill a database with suppliers and their leases; `people` must have been asked for before."""
    with psycopg.connect(url) as connection:
        connection.execute(SEASON.read_bytes())
        connection.execute("select tests.season(%s)", (suppliers,))
