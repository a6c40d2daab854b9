"""Print the figures for Prometheus once, or answer its requests."""

import argparse
import re
from collections.abc import Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

from wedsync_realtime.command import tool
from wedsync_realtime.command.output import Printer
from wedsync_realtime.connection import conninfo, server
from wedsync_realtime.errors import NotDeployedError, PortError, RunnerError
from wedsync_realtime.metrics import exposition

NAME = "wedsync-realtime metrics"  # what pg_stat_activity calls it


class BadAddressError(RunnerError):
    """The address to listen on is none."""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(
        "wedsync-realtime metrics", description=__doc__, allow_abbrev=False
    )
    tool.add_database_url(parser)
    parser.add_argument(
        "--listen", metavar="HOST:PORT", help="answer http://HOST:PORT/metrics until stopped"
    )
    options = parser.parse_args(arguments)
    printer = Printer(False)

    def work() -> int:
        url = tool.url_of(options, printer)
        if options.listen:
            return _serve(url, *_address(options.listen), printer)
        printer.text(_text(url).rstrip())
        return tool.DONE

    try:
        return tool.run(work, printer)
    except KeyboardInterrupt:
        return tool.DONE


def _text(url: str) -> str:
    with server.connect(url, NAME) as connection:
        try:
            return exposition.render(exposition.read(connection))
        except (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedFunction):
            raise NotDeployedError(
                f"The package is not in {conninfo.display_name(url)}, or of an older version.",
                "Run `make migrate`.",
            ) from None


def _address(text: str) -> tuple[str, int]:
    match = re.fullmatch(r"\[?([^\[\]]+?)\]?:(\d{1,5})", text)
    if match is None or int(match[2]) > 65535:
        raise BadAddressError(
            f"{text} is no address.", "Write it as 127.0.0.1:9187; port 0 takes a free one."
        )
    return match[1], int(match[2])


def _serve(url: str, host: str, port: int, printer: Printer) -> int:
    """Answer requests, each with a connection of its own, until the process is told to stop."""

    class Handler(BaseHTTPRequestHandler):
        def handle(self) -> None:
            with suppress(ConnectionError):  # whoever asked did not wait for the answer
                super().handle()

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/metrics":
                self.send_error(404, explain="The figures are at /metrics.")
                return
            try:
                body = _text(url).encode()
            except (psycopg.Error, RunnerError) as error:
                printer.note(f"not answered: {error}")
                self.send_error(503, explain="The database did not answer.")
                return
            self.send_response(200)
            self.send_header("Content-Type", exposition.CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent: Prometheus asks all the time."""

    try:
        listening = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise PortError(
            f"{host}:{port} cannot be listened on: {error}.",
            "Give another address of this machine with --listen (make metrics LISTEN=…).",
        ) from None
    with listening:
        printer.line(f"Figures at http://{host}:{listening.server_port}/metrics; Ctrl-C ends it.")
        listening.serve_forever()
    return tool.DONE
