"""Servers that tests kill, start again, copy and promote."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.support.callers.people import install_helpers
from tests.support.postgres.cluster import SETTINGS, Cluster, running_cluster
from tests.support.postgres.deploy import deploy
from tests.support.waiting import PATIENCE

# What a production server has, but for the WAL writer: it sleeps, so that what has not been
# flushed by a commit is lost with the server, always instead of now and then.
DURABLE = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_writer_delay": "10s",
}


@dataclass(frozen=True)
class Server:
    """A server over one data directory, running or not."""

    cluster: Cluster
    data: Path
    socket: Path
    settings: dict[str, str]

    def url(self, dbname: str) -> str:
        """Return the URL of a database, as superuser postgres."""
        return f"postgresql://postgres@/{dbname}?host={self.socket}"

    def start(self) -> None:
        """Start it; after a kill this waits for the last of the orphaned backends to be gone."""
        settings = SETTINGS | {"unix_socket_directories": str(self.socket)} | self.settings
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        arguments = ("start", "-s", "-w", "-l", f"{self.data}.log", "-o", options)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self._run("pg_ctl", "-D", str(self.data), *arguments)
                return
            except subprocess.CalledProcessError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def stop(self, mode: str = "fast") -> None:
        """Stop it in a mode of pg_ctl."""
        self.cluster.close()
        self._run("pg_ctl", "-D", str(self.data), "stop", "-s", "-w", "-m", mode)

    def kill(self) -> None:
        """Kill the postmaster as the kernel does; its backends follow when they notice."""
        self.cluster.close()
        pid = (self.data / "postmaster.pid").read_text().split()[0]
        os.kill(int(pid), signal.SIGKILL)

    def promote(self) -> None:
        """Make a standby a primary."""
        self._run("pg_ctl", "-D", str(self.data), "promote", "-s", "-w")

    @contextmanager
    def standby(self, name: str = "standby") -> Iterator["Server"]:
        """Run a streaming standby for the time of the context; restarts this server first."""
        directory = self.cluster.directory
        data, socket = directory / name, directory / f"{name}-socket"
        self.stop()
        # Not every package of a server comes with pg_basebackup.
        self._run("/bin/cp", "-a", str(self.data), str(data))
        self._run("/bin/mkdir", str(socket))
        self._run("/usr/bin/touch", str(data / "standby.signal"))
        self.start()
        source = {
            "primary_conninfo": f"host={self.socket} user=postgres",
            "wal_retrieve_retry_interval": "100ms",  # the primary may be started again
        }
        copy = Server(self.cluster, data, socket, self.settings | source)
        copy.start()
        try:
            yield copy
        finally:
            copy.stop("immediate")

    def _run(self, tool: str, *arguments: str) -> None:
        as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            as_user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        subprocess.run(
            [self.cluster.bindir / tool, *arguments],  # an absolute tool stays as it is
            check=True,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **as_user,
        )


@contextmanager
def durable_server(dbname: str) -> Iterator[Server]:
    """Run a server that keeps what it has committed, with the package and the helpers deployed."""
    with running_cluster(is_local=True) as cluster:
        cluster.create_database(dbname)
        server = Server(cluster, cluster.directory / "data", cluster.directory, DURABLE)
        deploy(server.url(dbname))
        with psycopg.connect(server.url(dbname)) as connection:
            install_helpers(connection)
        server.stop()
        server.start()
        yield server


def caught_up(primary: psycopg.Connection, standby: psycopg.Connection) -> None:
    """Wait until a standby has replayed what its primary has written.

    Raises TimeoutError when it does not within PATIENCE seconds.
    """
    primary.execute("checkpoint")  # flushes what was rolled back, too
    row = primary.execute("select pg_current_wal_flush_lsn()").fetchone()
    assert row is not None
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        done = standby.execute("select pg_last_wal_replay_lsn() >= %s::pg_lsn", row).fetchone()
        if done == (True,):
            return
        time.sleep(0.01)
    raise TimeoutError(row[0])
