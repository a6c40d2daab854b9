"""PostgREST as its clients see it, in front of a test database.

It speaks HTTP, verifies tokens, becomes the role that they name and answers status, headers and
errors as PostgREST 14 does. Of the reading of tables it knows plain columns, comparisons, order
and paging, and answers 400 to anything else.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL

from tests.supabase import rest_sql
from tests.supabase.rest_sql import Query, RequestError
from tests.supabase.tokens import verified

PREFIX = "/rest/v1"
# Of an SQLSTATE's beginning, the longest first; without any it is 400.
STATUS = {
    "23503": 409, "23505": 409, "25006": 405, "42883": 404, "42P01": 404, "42P17": 500,
    "53400": 500, "P0001": 400, "08": 503, "09": 500, "0L": 403, "0P": 403, "25": 500, "28": 403,
    "2D": 500, "38": 500, "39": 500, "3B": 500, "40": 500, "53": 503, "54": 500, "55": 500,
    "57": 500, "58": 500, "F0": 500, "HV": 500, "P0": 500, "XX": 500,
}  # fmt: skip


@dataclass
class Answer:
    """What goes back: a body of JSON text, or none."""

    status: int
    body: str | None
    headers: list[tuple[str, str]]

    def heed(self, headers: str | None, status: str | None) -> None:
        """Apply what a function set in response.headers and response.status.

        Raises RequestError when it set nonsense.
        """
        try:
            pairs = [pair for each in json.loads(headers or "[]") for pair in each.items()]
            self.headers += [(str(name), str(value)) for name, value in pairs]
        except (ValueError, AttributeError):
            raise RequestError(
                500, "PGRST111", "response.headers guc must be a JSON array composed of objects"
                " with a single key and a string value",
            ) from None  # fmt: skip
        if status:
            if not (status.isdecimal() and 100 <= int(status) <= 599):
                raise RequestError(
                    500, "PGRST112", "response.status guc must be a valid status code"
                )
            self.status = int(status)


class Server(ThreadingHTTPServer):
    """The server; url is the database's, as the authenticator."""

    daemon_threads = True
    block_on_close = False
    url: str

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away before they were answered."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection of a client, with one to the database once it asks for something."""

    protocol_version = "HTTP/1.1"
    server: Server
    _database: psycopg.Connection | None = None

    def finish(self) -> None:
        """Close the connection to the database with the client's."""
        if self._database:
            self._database.close()
        super().finish()

    def database(self) -> psycopg.Connection:
        """Return the connection to the database."""
        if self._database is None or self._database.closed:
            self._database = psycopg.connect(self.server.url, autocommit=True)
        return self._database

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""

    def handle_request(self) -> None:
        """Answer one request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            answer = self.answer(body)
        except RequestError as error:
            answer = Answer(error.status, json.dumps(error.body), list(error.headers.items()))
        except psycopg.Error as error:
            answer = self.refusal(error)
        content = (answer.body or "").encode()
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.body is not None:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        if answer.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD" and answer.status != 204:
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = handle_request  # noqa: N815

    def answer(self, body: bytes) -> Answer:
        """Do what the request asks for.

        Raises RequestError, psycopg.Error.
        """
        self.claims = {"role": "anon"}
        self.claims = verified(self.headers.get("Authorization"))
        split = urlsplit(self.path)
        parameters = parse_qsl(split.query, keep_blank_values=True)
        *kind, name = split.path.removeprefix(PREFIX).strip("/").split("/")
        try:
            sent = json.loads(body) if body else {}
        except ValueError:
            raise RequestError(400, "PGRST102", "Empty or invalid json") from None
        connection = self.database()
        if kind == ["rpc"]:
            return self.call(connection, name, parameters, sent)
        rest_sql.check_table(connection, name)
        if self.command in ("GET", "HEAD"):
            return self.read(connection, name, parameters)
        with self.transaction(connection, read_only=False):
            execute(connection, rest_sql.write(self.command, name, parameters, sent))
        status = 201 if self.command == "POST" else 204
        return Answer(status, None, [("Content-Range", "*/*")])

    def call(self, connection: psycopg.Connection, name: str, parameters: Any, sent: Any) -> Answer:
        """Call a function."""
        arguments = sent if self.command == "POST" else parameters
        if self.command not in ("GET", "HEAD", "POST"):
            raise RequestError(405, "PGRST101", f"Cannot use the {self.command} method on RPC")
        function = rest_sql.find_function(connection, name, [*dict(arguments)])
        read_only = self.command != "POST" or not function.is_volatile
        with self.transaction(connection, read_only):
            body, headers, status = execute(connection, function.call(arguments))
            answer = Answer(200, body, [("Content-Range", "0-0/*")])
            answer.heed(headers, status)
        return answer

    def read(self, connection: psycopg.Connection, table: str, parameters: Any) -> Answer:
        """Read rows of a table."""
        total = "*"
        with self.transaction(connection, read_only=True):
            body, found, headers, status = execute(connection, rest_sql.read(table, parameters))
            if "count=exact" in self.headers.get("Prefer", ""):
                total = execute(connection, rest_sql.count(table, parameters))[0]
        start = int(dict(parameters).get("offset", 0))
        page = f"{start}-{start + found - 1}" if found else "*"
        if "vnd.pgrst.object" in self.headers.get("Accept", ""):
            if found != 1:
                raise RequestError(
                    406,
                    "PGRST116",
                    "Cannot coerce the result to a single JSON object",
                    f"The result contains {found} rows",
                )
            body = json.dumps(json.loads(body)[0])
        answer = Answer(200, body, [("Content-Range", f"{page}/{total}")])
        answer.heed(headers, status)
        return answer

    @contextmanager
    def transaction(self, connection: psycopg.Connection, read_only: bool) -> Iterator[None]:
        """Hold a transaction open in which the request's settings are made."""
        settings = {
            "search_path": '"public", "extensions"',
            "role": self.claims["role"],
            "request.jwt.claims": json.dumps(self.claims),
            "request.method": self.command,
            "request.path": urlsplit(self.path).path.removeprefix(PREFIX),
            "request.headers": json.dumps({k.lower(): v for k, v in self.headers.items()}),
            "request.cookies": "{}",
        }
        mode = "read only" if read_only else "read write"
        connection.execute(f"begin isolation level read committed {mode}".encode())
        try:
            pairs = [word for pair in settings.items() for word in pair]
            made = SQL(", ").join([SQL("set_config(%s, %s, true)")] * len(settings))
            connection.execute(SQL("select {}").format(made), pairs)
            yield
            connection.execute("commit")
        finally:
            if connection.info.transaction_status != TransactionStatus.IDLE:
                connection.rollback()

    def refusal(self, error: psycopg.Error) -> Answer:
        """Return what an error of the database becomes."""
        code, diag = error.sqlstate or "XX000", error.diag
        if code.startswith("PT") and code[2:].isdecimal():
            status = int(code[2:])
        elif code == "42501":
            status = 401 if self.claims["role"] == "anon" else 403
        else:
            status = STATUS.get(code) or STATUS.get(code[:2], 400)
        body = {
            "code": code,
            "message": diag.message_primary,
            "details": diag.message_detail,
            "hint": diag.message_hint,
        }
        headers = [("WWW-Authenticate", "Bearer")] if status == 401 else []
        return Answer(status, json.dumps(body), headers)


def execute(connection: psycopg.Connection, query: Query) -> Any:
    """Run a query and return its row, None where it has none."""
    statement, values = query
    cursor = connection.execute(statement, values)
    return cursor.fetchone() if cursor.description else None


@contextmanager
def rest_server(url: str, handler: type[Handler] = Handler) -> Iterator[str]:
    """Serve a database for the time of the context, and yield the address of the project."""
    with Server(("127.0.0.1", 0), handler) as server:
        server.url = url
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
