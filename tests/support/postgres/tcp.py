"""Reach a test database over TCP, for clients that know no Unix sockets."""

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

from psycopg.conninfo import conninfo_to_dict


class Forwarder(ThreadingTCPServer):
    """A server that passes every connection on to a Unix socket."""

    daemon_threads = True
    block_on_close = False
    target: Path


class Connection(BaseRequestHandler):
    """One connection, until either side ends it."""

    server: Forwarder

    def handle(self) -> None:
        """Copy both ways."""
        with socket.socket(socket.AF_UNIX) as database:
            database.connect(str(self.server.target))
            other = {self.request: database, database: self.request}
            while True:
                for ready in select.select(list(other), [], [])[0]:
                    try:
                        received = ready.recv(65536)
                    except ConnectionError:
                        return
                    if not received:
                        return
                    other[ready].sendall(received)


@contextmanager
def over_tcp(url: str, user: str | None = None) -> Iterator[str]:
    """Yield a URL with host, port and a password, for the database that a socket's URL names.

    user: by default the one of the URL.
    """
    parameters = conninfo_to_dict(url)
    name = user or parameters["user"]
    if not str(parameters["host"]).startswith("/"):
        address = f"{parameters['host']}:{parameters['port']}"
        yield f"postgresql://{name}:x@{address}/{parameters['dbname']}?sslmode=disable"
        return
    with Forwarder(("127.0.0.1", 0), Connection) as server:
        server.target = Path(str(parameters["host"]), ".s.PGSQL.5432")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        port = server.server_address[1]
        # nobody asks for the password; the clients want one
        yield f"postgresql://{name}:x@127.0.0.1:{port}/{parameters['dbname']}?sslmode=disable"
        server.shutdown()
        thread.join()
