"""A TCP port that leads to a server, from some moment on."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def forwarded(host: str, port: int) -> Iterator[tuple[int, Callable[[], None]]]:
    """Yield a port of 127.0.0.1 that refuses connections, and what makes it lead to the server.

    host: of the server, or the folder of its socket.
    """
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    opened, ended = threading.Event(), threading.Event()

    def open_up() -> None:
        listener.listen()
        opened.set()

    def serve() -> None:
        opened.wait()
        while not ended.is_set():
            with suppress(OSError):  # the listener was closed
                client, _ = listener.accept()
                server = _connect(host, port)
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=_copy, args=(source, sink), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield int(listener.getsockname()[1]), open_up
    ended.set()
    opened.set()
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def _connect(host: str, port: int) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, port))
    server = socket.socket(socket.AF_UNIX)
    server.connect(f"{host}/.s.PGSQL.{port}")
    return server


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError), source, sink:
        while data := source.recv(65536):
            sink.sendall(data)
