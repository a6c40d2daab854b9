"""A NATS server of the test's own, as an operator runs one beside the relay."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.nats.relay import environment
from wedsync_realtime.relay import configuration, keys

PROGRAM = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or "nats-server"


class Broker:
    """A server over one folder, running or not; it keeps its port. text: its configuration."""

    def __init__(self, folder: Path, text: str) -> None:
        self._file = folder / "broker.conf"
        self.text = text
        self._address = "127.0.0.1:-1"
        self._process: subprocess.Popen[str] | None = None
        self._reading = threading.Thread()

    @property
    def url(self) -> str:
        """Where clients and relays reach it."""
        return f"nats://{self._address}"

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        self._file.write_text(f"listen: {self._address}\n{self.text}\n")
        self._process = subprocess.Popen(
            [PROGRAM, "-c", self._file], stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr
        for line in self._process.stderr:
            if found := re.search(r"client connections on (\S+)", line):
                self._address = found[1]
            if "Server is ready" in line:
                self._reading = threading.Thread(target=self._process.stderr.read)
                self._reading.start()  # what it says later holds it up nowhere
                return
        raise AssertionError("the NATS server has not started")

    def stop(self) -> None:
        """Stop it until it may go on, and wait until it does nothing more."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)
        os.waitpid(self._process.pid, os.WUNTRACED)

    def go_on(self) -> None:
        """Let it go on after it was stopped."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill it as the kernel does."""
        if self._process:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            if self._reading.is_alive():
                self._reading.join()
            assert self._process.stderr
            self._process.stderr.close()
            self._process = None


@contextmanager
def running_broker(folder: Path, text: str) -> Iterator[Broker]:
    """Run a server for the time of the context. text: its configuration, but for its address."""
    broker = Broker(folder, text)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


def printed_configuration(home: Path) -> str:
    """Return what relay --print-config prints."""
    done = subprocess.run(
        [sys.executable, "-m", "wedsync_realtime", "relay", "--print-config"],
        env=environment("", home),
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def bare_configuration(home: Path) -> str:
    """Return what relay --print-config would print."""
    return configuration.server(keys.load(home))


def relay_configuration(home: Path) -> str:
    """Return a configuration for a relay with this home, with JetStream's files beside."""
    return with_store(bare_configuration(home), home / "js")


def with_store(text: str, folder: Path) -> str:
    """Return a configuration with JetStream's files in a folder."""
    return f'{text}\njetstream {{ store_dir: "{folder}" }}'
