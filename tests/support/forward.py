"""A TCP port that leads to a server, from some moment on."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def forwarded(host: str, port: int, after: float) -> Iterator[int]:
    """Yield a port of 127.0.0.1 that refuses connections, and leads to the server later.

    host: of the server, or the folder of its socket. after: seconds from now until it does.
    """
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        time.sleep(after)
        listener.listen()
        while not ended.is_set():
            with suppress(OSError):  # the listener was closed
                client, _ = listener.accept()
                server = _connect(host, port)
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=_copy, args=(source, sink), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield int(listener.getsockname()[1])
    ended.set()
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
