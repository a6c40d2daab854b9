"""A relay as an operator runs it, its NATS server beside it; one that cannot start, in process."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import jwt

from tests.support.waiting import PATIENCE
from wedsync_realtime.entry.cli import main

PLACES = ("--listen", "127.0.0.1:0", "--websocket", "127.0.0.1:0")  # free ones
SECRET = "the application signs its tokens with this secret"


@dataclass
class Relay:
    """A running relay, and where clients reach its server."""

    process: "subprocess.Popen[str]"
    home: Path
    nats: str
    websocket: str | None

    @property
    def server_pid(self) -> int:
        """Return the process of the NATS server that it has started."""
        (ports,) = (self.home / "nats").glob("*.ports")
        return int(ports.stem.rpartition("_")[2])

    def kill_server(self) -> None:
        """Kill the NATS server as the kernel does."""
        os.kill(self.server_pid, signal.SIGKILL)

    def stop(self) -> tuple[int, float]:
        """Tell it to end; return exit code and seconds."""
        start = time.monotonic()
        self.process.terminate()
        return self.process.wait(PATIENCE), time.monotonic() - start


def token(user: UUID | str, *, key: Any = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    """Return a token as the application gives it to a user; claims beside or instead of its own."""
    own = {"sub": str(user), "role": "authenticated", "exp": int(time.time()) + 3600}
    headers = {"kid": claims.pop("kid")} if "kid" in claims else None
    return jwt.encode(own | claims, key, algorithm=algorithm, headers=headers)


def environment(url: str, home: Path, **variables: str) -> dict[str, str]:
    """Return the environment of a relay; an empty variable is one that is not set."""
    own = {"DATABASE_URL": url, "WEDSYNC_REALTIME_HOME": str(home), "JWT_SECRET": SECRET}
    return {name: value for name, value in (os.environ | own | variables).items() if value}


def command(*arguments: str) -> list[str]:
    """Return the command line of a relay."""
    return [sys.executable, "-m", "wedsync_realtime", "relay", "--json", *arguments]


def start(url: str, home: Path, *arguments: str, **variables: str) -> Relay:
    """Start a relay and wait until it serves; arguments and environment beside the usual."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "relay.log").open("a") as log:
        process = subprocess.Popen(
            command(*(arguments or PLACES)),
            env=environment(url, home, **variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout
    ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
    line = process.stdout.readline() if ready else ""
    told = json.loads(line or "{}")
    if "nats" not in told:
        process.kill()
        process.communicate()
        raise AssertionError(f"no relay: {line} {(home / 'relay.log').read_text()}")
    assert told["stream"] == "WEDSYNC"
    return Relay(process, home, told["nats"], told["websocket"])


@contextmanager
def running_relay(url: str, home: Path, *arguments: str, **variables: str) -> Iterator[Relay]:
    """Run a relay for the time of the context."""
    relay = start(url, home, *arguments, **variables)
    try:
        yield relay
    finally:
        relay.process.kill()
        relay.process.wait()
        if relay.process.stdout:
            relay.process.stdout.close()


def failing(url: str, home: Path, *arguments: str, **variables: str) -> dict[str, Any]:
    """Run the command of a relay that cannot start, in this process, and return what it says."""
    home.mkdir(parents=True, exist_ok=True)
    said = StringIO()
    variables = environment(url, home, **variables)
    with patch.dict(os.environ, variables, clear=True), redirect_stdout(said):
        code = main(["relay", "--json", *(arguments or PLACES)])
    assert code == 1, said.getvalue()
    told: dict[str, Any] = json.loads(said.getvalue())
    return told
