"""A throwaway PostgreSQL cluster, removed when this process ends, however it ends."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.support.waiting import PATIENCE
from wedsync_realtime.embedded import npm

CRON_DATABASE = "wedsync_cron"
DEFAULT_MAJOR = "15"
ROOM_NEEDED = 2 * 1024**3  # bytes free in /dev/shm, so that data goes there

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "logical",
    "max_connections": "400",
    "max_prepared_transactions": "20",
    "max_locks_per_transaction": "256",
    "max_wal_size": "4GB",
    "log_min_messages": "warning",
    "timezone": "UTC",
    "jit": "off",  # of queries that run once it takes longer than they do
}

# What initdb made, by the server's bin folder: to copy it takes a tenth of the time. It stands in
# the directory of the cluster that it was made for.
FRESH: dict[Path, Path] = {}

# Waits until its stdin closes, which also happens when the process that holds the pipe is killed.
JANITOR = 'cat; "$1" stop -D "$2/data" -m immediate -s; rm -rf "$2"'


class ClusterError(Exception):
    """No cluster: the server is missing or did not start."""


@dataclass(frozen=True)
class Cluster:
    """A running server that trusts every user of its socket.

    address: host and port where it is in a container; then bindir and directory are inside it.
    """

    bindir: Path
    major: int
    directory: Path
    has_cron: bool
    address: str | None = None

    def dsn(self, dbname: str) -> str:
        """Return the URL of a database, as superuser postgres."""
        if self.address:
            return f"postgresql://postgres@{self.address}/{quote(dbname)}?sslmode=disable"
        return f"postgresql://postgres@/{quote(dbname)}?host={quote(str(self.directory), safe='')}"

    @property
    def place(self) -> tuple[str, int]:
        """Where it listens: a folder or, of a container, a host, and the port."""
        if self.address:
            host, port = self.address.split(":")
            return host, int(port)
        return str(self.directory), 5432

    def psql(self) -> str:
        """Return the path of psql (some server packages come without)."""
        return shutil.which("psql", path=self.bindir) or shutil.which("psql") or "psql"

    @contextmanager
    def connect(self, dbname: str = "postgres") -> Iterator[psycopg.Connection]:
        """Hold a connection in autocommit mode open for the time of the context."""
        with psycopg.connect(self.dsn(dbname), autocommit=True) as connection:
            yield connection

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, from a template unless None, and return its URL."""
        # a copy of the files takes half of the time of one that goes through the WAL
        self._execute(
            "create database {} template {} strategy file_copy", name, template or "template1"
        )
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, ending its connections."""
        self._execute("drop database if exists {} with (force)", name)

    def freeze_database(self, name: str) -> None:
        """Forbid connections to a database, so that it can be cloned at any time."""
        self._execute("alter database {} with allow_connections false", name)

    def thaw_database(self, name: str) -> None:
        """Allow connections to a database again."""
        self._execute("alter database {} with allow_connections true", name)

    def end_connections(self, name: str) -> None:
        """End all connections to a database."""
        with self.connect() as connection:
            connection.execute(
                "select pg_terminate_backend(pid, %s) from pg_stat_activity where datname = %s",
                (PATIENCE * 1000, name),
            )

    def cron_database(self) -> str:
        """Return the URL of the one database in which pg_cron works, with pg_cron in it."""
        with self.connect(CRON_DATABASE) as connection:
            connection.execute("create extension if not exists pg_cron")
        return self.dsn(CRON_DATABASE)

    @contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """Create a database for the time of the context, and yield its URL."""
        name = f"test_{uuid4().hex}"
        yield self.create_database(name, template)
        self.drop_database(name)

    def close(self) -> None:
        """Close the connection that is kept; the next use opens another one."""
        if connection := vars(self).pop("_kept", None):
            connection.close()

    @cached_property
    def _kept(self) -> psycopg.Connection:
        """What databases are made and dropped through, twice a test."""
        return psycopg.connect(self.dsn("postgres"), autocommit=True)

    def _execute(self, statement: LiteralString, *names: str) -> None:
        self._kept.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def running_cluster(
    server: str | None = None, *, is_local: bool = False, is_other: bool = False
) -> Iterator[Cluster]:
    """Run a new cluster for the time of the context; with DOCKER set, in a container.

    server: a major version or the path of a server's bin folder; by default the environment's PG.
    is_local: the test needs the server's programs and files, so it is skipped with DOCKER.
    is_other: its system identifier is its own, which clusters of a process share otherwise.
    Raises ClusterError when there is no such server or it does not start.
    """
    if os.environ.get("DOCKER"):
        if is_local:
            pytest.skip("needs a server on this machine, not in a container")
        with contained_cluster() as cluster:
            yield cluster
        return
    bindir, major, has_cron = find_server(server or os.environ.get("PG") or DEFAULT_MAJOR)
    directory = Path(tempfile.mkdtemp(prefix="wedsync-test-", dir=_parent_directory()))
    server_user: dict[str, Any] = {"cwd": "/", "stdout": subprocess.PIPE}
    if os.geteuid() == 0:
        # The server refuses to run as root.
        shutil.chown(directory, "postgres", "postgres")
        server_user |= {"user": "postgres", "group": "postgres", "extra_groups": []}
    janitor = subprocess.Popen(
        ["sh", "-c", JANITOR, "janitor", bindir / "pg_ctl", directory],
        stdin=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        **server_user,
    )
    try:
        for command in _start_commands(bindir, directory, has_cron, is_other):
            done = subprocess.run(command, check=False, stderr=subprocess.STDOUT, **server_user)
            if done.returncode != 0:
                log = directory / "log"
                raise ClusterError(done.stdout.decode() + (log.read_text() if log.exists() else ""))
        cluster = Cluster(bindir, major, directory, has_cron)
        if has_cron:
            # pg_cron's launcher is restarted every second until this database exists.
            cluster.create_database(CRON_DATABASE)
        with closing(cluster):
            yield cluster
    finally:
        janitor.communicate()


@contextmanager
def contained_cluster() -> Iterator[Cluster]:
    """Run a new cluster in a container for the time of the context; skip without an engine."""
    # only here, because importing it takes longer than many a test
    from tests.support.postgres.container import NoEngineError, running_container

    directory = Path("/data")
    places = {"listen_addresses": "*", "unix_socket_directories": str(directory)}
    try:
        with running_container(SETTINGS | places | _cron_settings(directory)) as address:
            url = f"postgresql://postgres@{address}/postgres"
            with psycopg.connect(url) as connection:
                major = connection.info.server_version // 10000
            cluster = Cluster(Path("/server"), major, directory, True, address)
            cluster.create_database(CRON_DATABASE)
            with closing(cluster):
                yield cluster
    except NoEngineError as error:
        pytest.skip(str(error))


def find_server(server: str) -> tuple[Path, int, bool]:
    """Return bin folder, major version and whether pg_cron is there, for a major or a bin folder.

    Raises ClusterError when something is missing.
    """
    bindir = Path(server) if "/" in server else Path("/usr/lib/postgresql", server, "bin")
    if "/" not in server and not bindir.exists() and (fetched := npm.find(int(server))):
        bindir = fetched.bindir
    if not (bindir / "postgres").exists():
        raise ClusterError(
            f"no PostgreSQL server in {bindir}: set PG to another; make test brings one, as does "
            'eval "$(.venv/bin/wedsync-realtime test-server)"'
        )
    printed = subprocess.run(
        [bindir / "postgres", "--version"], check=True, capture_output=True, text=True
    ).stdout
    version = re.search(r"\d+", printed)
    assert version, printed
    has_cron = (bindir.parent / "lib" / "pg_cron.so").exists()
    if not has_cron and server == DEFAULT_MAJOR:
        raise ClusterError(f"pg_cron is missing: install postgresql-{server}-cron")
    return bindir, int(version.group()), has_cron


def _parent_directory() -> Path | None:
    memory = Path("/dev/shm")
    usable = memory.is_dir() and os.access(memory, os.W_OK)
    return memory if usable and shutil.disk_usage(memory).free > ROOM_NEEDED else None


def _cron_settings(directory: Path) -> dict[str, str]:
    return {
        "shared_preload_libraries": "pg_cron",
        "cron.database_name": CRON_DATABASE,
        "cron.host": str(directory),
    }


def _start_commands(
    bindir: Path, directory: Path, has_cron: bool, is_other: bool
) -> list[list[str]]:
    settings = SETTINGS | {"unix_socket_directories": str(directory)}
    if has_cron:
        settings |= _cron_settings(directory)
    options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
    data, fresh = str(directory / "data"), None if is_other else FRESH.get(bindir)
    initdb = []
    if fresh is None or not fresh.exists():
        fresh = FRESH[bindir] = directory / "fresh"
        kind = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"]
        initdb = [[str(bindir / "initdb"), "-D", str(fresh), *kind, "--no-sync"]]
    start = ["start", "-s", "-w", "-l", f"{directory}/log", "-o", options]
    return [
        *initdb,
        ["cp", "-a", str(fresh), data],
        [str(bindir / "pg_ctl"), "-D", data, *start],
    ]
