"""Create, start and stop the embedded cluster."""

import secrets
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from psycopg import Connection, sql

from wedsync_realtime.connection import server
from wedsync_realtime.embedded.account import Account
from wedsync_realtime.embedded.binaries import Server
from wedsync_realtime.embedded.place import Place
from wedsync_realtime.errors import ClusterError
from wedsync_realtime.started import as_started

DATABASE = "wedsync"
USER = "postgres"
PORTS = range(54320, 54420)
START_LIMIT = 60  # seconds
MAINTENANCE_INTERVAL = 300  # seconds

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "wal_level": "logical",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True)
class Cluster:
    """A cluster that is running; the socket's folder lets in only its owner and root."""

    place: Place
    port: int

    @property
    def url(self) -> str:
        """The URL that goes through the socket and needs no password."""
        return self._socket_url(DATABASE)

    def how_to_connect(self) -> str:
        """Return a few lines for people, without the password."""
        file = self.place.password_file
        return (
            f"psql:  {as_started('make psql')}\n"
            f"TCP:   postgresql://{USER}@127.0.0.1:{self.port}/{DATABASE}?passfile={quote(str(file))}\n"
            f"       (the password is the last field of {file})"
        )

    def start_maintenance(self) -> None:
        """Run the periodic jobs in a process of their own, which ends with the server.

        A second one finds the first at work and ends at once.
        """
        command = [sys.executable, "-m", "wedsync_realtime", "maintain", "--until-stopped"]
        arguments = [f"--every={MAINTENANCE_INTERVAL}", f"--database-url={self.url}"]
        with self.place.maintenance_log.open("a") as log:
            # By a shell that ends at once, so that nobody has to wait for the process.
            subprocess.run(
                ["/bin/sh", "-c", '"$@" &', "sh", *command, *arguments],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )

    def prepare_database(self) -> None:
        """Create the database with pg_cron, and set the password, where that was not done yet."""
        with server.connect(self._socket_url("postgres")) as connection:
            query = "select 1 from pg_catalog.pg_database where datname = %s"
            if not connection.execute(query, (DATABASE,)).fetchone():
                connection.execute(f"create database {DATABASE}".encode())
            if not self.place.password_file.exists():
                self._set_password(connection)
        with server.connect(self.url) as connection:
            query = "select 1 from pg_catalog.pg_settings where name = 'cron.database_name'"
            if connection.execute(query).fetchone():
                connection.execute("set client_min_messages = warning")
                connection.execute("create extension if not exists pg_cron")

    def _set_password(self, connection: Connection[Any]) -> None:
        password = secrets.token_urlsafe(24)
        # Encrypted here, so that no log ever sees it.
        verifier = connection.pgconn.encrypt_password(
            password.encode(), USER.encode(), b"scram-sha-256"
        ).decode()
        connection.execute(
            sql.SQL("alter role {} password {}").format(sql.Identifier(USER), verifier)
        )
        self.place.password_file.touch(mode=0o600)
        self.place.password_file.write_text(f"127.0.0.1:*:*:{USER}:{password}\n")

    def _socket_url(self, database: str) -> str:
        folder = quote(str(self.place.run), safe="")
        return f"postgresql://{USER}@/{database}?host={folder}&port={self.port}"


def create(place: Place, chosen: Server, account: Account) -> None:
    """Make the data directory.

    Raises ClusterError.
    """
    if place.unfinished.exists():
        shutil.rmtree(place.unfinished)
    account.own_directory(place.unfinished)
    done = account.run(
        chosen.bindir / "initdb",
        f"--pgdata={place.unfinished}",
        f"--username={USER}",
        "--auth-local=trust",
        "--auth-host=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",
    )
    if done.returncode != 0:
        raise ClusterError(
            f"initdb failed:\n{done.stdout.strip()}", "Correct what it says, then run again."
        )
    place.unfinished.rename(place.data)


def start(place: Place, chosen: Server, account: Account) -> Cluster:
    """Start the server, on the port of last time if that is free.

    Raises ClusterError.
    """
    _remove_stale_files(place)
    account.own_directory(place.run)
    port = _free_port(place.port())
    place.settings.write_text(_settings(place, chosen, port))
    place.settings.chmod(0o644)
    place.remember(port)
    log = place.data / "server.log"
    done = account.run(
        chosen.bindir / "pg_ctl",
        "start",
        "--silent",
        f"--timeout={START_LIMIT}",
        f"--pgdata={place.data}",
        f"--log={log}",
        f"--options=-c config_file={shlex.quote(str(place.settings))}",
    )
    if done.returncode != 0:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-5:]) if log.exists() else ""
        raise ClusterError(
            f"The server did not start:\n{done.stdout.strip()}\n{last}",
            f"Correct what its log says ({log}), then run again.",
        )
    return Cluster(place, port)


def stop(place: Place, chosen: Server, account: Account) -> None:
    """Stop the server, ending its connections.

    Raises ClusterError.
    """
    done = account.run(
        chosen.bindir / "pg_ctl", "stop", "--silent", "--mode=fast", f"--pgdata={place.data}"
    )
    if done.returncode != 0:
        raise ClusterError(
            f"The server did not stop:\n{done.stdout.strip()}",
            f"See its log, {place.data / 'server.log'}.",
        )


def delete(place: Place) -> None:
    """Delete the files of a cluster that is not running."""
    shutil.rmtree(place.data)
    shutil.rmtree(place.run, ignore_errors=True)
    for file in (place.settings, place.record, place.password_file, place.maintenance_log):
        file.unlink(missing_ok=True)
    if place.base != place.home:
        place.base.rmdir()


def server_pid(place: Place) -> int | None:
    """Return the process id of the running server.

    After a reboot the id in postmaster.pid may belong to any process: a server's working
    directory is its data directory.
    """
    try:
        pid = int((place.data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    if Path("/proc/self/cwd").exists():
        with suppress(OSError):
            if Path(f"/proc/{pid}/cwd").samefile(place.data):
                return pid
        return None
    printed = subprocess.run(
        ["ps", "-p", str(pid), "-o", "command="], check=False, capture_output=True, text=True
    ).stdout
    return pid if "postgres" in printed and str(place.data) in printed else None


def _remove_stale_files(place: Place) -> None:
    (place.data / "postmaster.pid").unlink(missing_ok=True)
    for file in place.run.glob(".s.PGSQL.*"):
        file.unlink(missing_ok=True)


def _free_port(wanted: int | None) -> int:
    candidates: Sequence[int] = [*([wanted] if wanted else []), *PORTS, 0]
    for port in candidates:
        with socket.socket() as probe, suppress(OSError):
            # As the server does; without it, connections of a stopped server would block its port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise ClusterError("No free TCP port on 127.0.0.1.", "Close what holds them.")


def _settings(place: Place, chosen: Server, port: int) -> str:
    settings = _SETTINGS | {
        "data_directory": str(place.data),
        "hba_file": str(place.data / "pg_hba.conf"),
        "ident_file": str(place.data / "pg_ident.conf"),
        "port": str(port),
        "unix_socket_directories": f'"{place.run}"',
    }
    if chosen.has_cron:
        settings |= {
            "shared_preload_libraries": "pg_cron",
            "cron.database_name": DATABASE,
            "cron.host": str(place.run),
        }
    lines = [f"{name} = '{_quoted(value)}'" for name, value in settings.items()]
    warning = "# Written at every start. Change a setting with: alter system set …"
    return "\n".join([warning, *lines, ""])


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")
