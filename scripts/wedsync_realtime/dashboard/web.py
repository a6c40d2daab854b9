"""Listen on the loopback interface, and serve an application there."""

import socket

import uvicorn
from starlette.types import ASGIApp

from wedsync_realtime.errors import PortError

LOOPBACK = "127.0.0.1"
GRACE = 2  # seconds for open requests when told to stop


def listen(port: int) -> socket.socket:
    """Return a socket that listens on a port of the loopback interface, 0 being any.

    Raises PortError.
    """
    try:
        return socket.create_server((LOOPBACK, port))
    except (OSError, OverflowError) as error:
        raise PortError(
            f"Port {port} of {LOOPBACK} cannot be listened on: {str(error).rstrip('.')}.",
            "Give another with --port (make dashboard PORT=…); 0 takes a free one.",
        ) from None


def server(app: ASGIApp) -> uvicorn.Server:
    """Return what answers an application's requests."""
    config = uvicorn.Config(
        app,
        access_log=False,  # the first request carries the token
        log_level="warning",
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    return uvicorn.Server(config)


def serve(app: ASGIApp, listening: socket.socket) -> None:
    """Answer requests until the process is told to stop."""
    server(app).run(sockets=[listening])
