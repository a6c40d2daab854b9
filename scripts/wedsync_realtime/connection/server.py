"""Connect to the database and learn what kind of server it is."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.conninfo import make_conninfo

from wedsync_realtime.connection import conninfo
from wedsync_realtime.errors import (
    UnreachableDatabaseError,
    UnsupportedServerError,
)
from wedsync_realtime.started import as_started

OLDEST_MAJOR = 15
MAINTAINER = "wedsync-realtime maintain"  # what pg_stat_activity calls `maintain --every`
CONNECT_TIMEOUT = 10  # seconds, where the URL says nothing
POLL = 0.25  # seconds between two attempts to reach a server that is starting
CRON = "pg_cron"
EXTENSIONS = (CRON, "pgtap", "plpgsql_check")

_FIXES = {
    "28P01": "Correct the password in DATABASE_URL.",
    "28000": "Let this user in (pg_hba.conf), or name another in DATABASE_URL.",
    "3D000": "Create the database (createdb), or name another in DATABASE_URL.",
    "42501": "Grant CONNECT on the database to this user.",
    "53300": "Close connections, or raise max_connections.",
}
_START_SERVER = "Start the server, or correct host and port in DATABASE_URL."


@dataclass(frozen=True)
class ServerInfo:
    """What the server is: version as printed, extensions as installed, available or absent.

    has_maintainer: a process `maintain --every` is connected.
    cron_advice: what keeps pg_cron from running the periodic jobs, and what to run; empty where
    nothing does, or where the package is not deployed.
    """

    version: str
    extensions: dict[str, str]
    has_maintainer: bool
    cron_advice: str

    @property
    def has_cron(self) -> bool:
        """Tell whether pg_cron runs the periodic jobs."""
        return self.extensions[CRON].startswith("installed") and not self.cron_advice

    @property
    def jobs_by(self) -> str:
        """Name what runs the periodic jobs: pg_cron, make maintain or nobody."""
        if self.has_cron:
            return CRON
        return "make maintain" if self.has_maintainer else "nobody"


def connect(
    url: str,
    name: str = "wedsync-realtime",
    wait: float = 0.0,
    report: Callable[[str], None] = lambda line: None,
) -> Connection[Any]:
    """Open a connection in autocommit mode that also works through a transaction pooler.

    name: what pg_stat_activity shows. wait: seconds in which a server may still come up.
    report: told, once, that it is waited for.

    Raises BadDatabaseUrlError, UnreachableDatabaseError.
    """
    parameters = conninfo.parse_url(url)
    parameters.setdefault("connect_timeout", CONNECT_TIMEOUT)
    parameters.setdefault("application_name", name)
    parameters["client_encoding"] = "utf8"
    text = make_conninfo(**parameters)
    deadline = time.monotonic() + wait
    told = False
    while True:
        try:
            return psycopg.connect(text, autocommit=True, prepare_threshold=None)
        except psycopg.OperationalError as error:
            reason = conninfo.without_password(str(error), parameters).strip()
        if not _may_come_up(reason) or time.monotonic() + POLL > deadline:
            raise UnreachableDatabaseError(
                f"No connection to {conninfo.display_name(url)} (DATABASE_URL): {reason}",
                _fix_for(reason),
            )
        if not told:
            report(f"Waiting up to {wait:.0f} s for {conninfo.display_name(url)} …")
            told = True
        time.sleep(POLL)


def oldest_transactions(connection: Connection[Any]) -> str:
    """Return a sentence about who has held locks on tables for longest; empty for nobody."""
    rows = connection.execute(
        """
        select
            a.pid, coalesce(nullif(a.application_name, ''), a.backend_type), a.state,
            extract(epoch from clock_timestamp() - a.xact_start)::integer
        from pg_catalog.pg_stat_activity as a
        where
            a.datname = pg_catalog.current_database()
            and a.pid <> pg_catalog.pg_backend_pid()
            and a.xact_start is not null
            and exists (
                select from pg_catalog.pg_locks as l
                where l.pid = a.pid and l.locktype = 'relation' and l.granted
            )
        order by a.xact_start
        limit 3
        """
    ).fetchall()
    if not rows:
        return ""
    told = (f"pid {pid} ({name}, {state or 'active'}, {age} s)" for pid, name, state, age in rows)
    return f" Longest open: {', '.join(told)}."


def is_direct(connection: Connection[Any]) -> bool:
    """Tell whether no pooler stands between, so that settings last as long as the connection."""
    row = connection.execute("select pg_catalog.pg_backend_pid()").fetchone()
    return bool(row and row[0] == connection.info.backend_pid)


def _may_come_up(reason: str) -> bool:
    return "FATAL" not in reason or any(
        words in reason
        for words in ("starting up", "shutting down", "not yet accepting", "recovery", "too many")
    )


def _fix_for(reason: str) -> str:
    # libpq gives no SQLSTATE for a failed connection before version 17, only the server's words
    words = {
        "password": "28P01",
        "pg_hba.conf": "28000",
        "role": "28000",
        "database": "3D000",
        "permission denied": "42501",
        "too many": "53300",
    }
    if "FATAL" not in reason:
        return _START_SERVER
    for word, sqlstate in words.items():
        if word in reason:
            return _FIXES[sqlstate]
    return _START_SERVER


def check_writable(connection: Connection[Any]) -> None:
    """Raise UnsupportedServerError unless the package can be deployed to this server."""
    check_version(connection.info.server_version)
    row = connection.execute("select pg_catalog.pg_is_in_recovery()").fetchone()
    if row and row[0]:
        raise UnsupportedServerError(
            "The server is a standby (in recovery), which cannot be written to.",
            "Point DATABASE_URL at the primary.",
        )


def check_version(number: int) -> None:
    """Raise UnsupportedServerError for a server_version_num below the oldest supported major."""
    major = number // 10000
    if major < OLDEST_MAJOR:
        raise UnsupportedServerError(
            f"The server is PostgreSQL {major}; {OLDEST_MAJOR} or newer is needed.",
            f"Upgrade it, or point DATABASE_URL at a PostgreSQL {OLDEST_MAJOR} or newer.",
        )


def inspect(connection: Connection[Any]) -> ServerInfo:
    """Return what the server is and which of our extensions it has."""
    rows = connection.execute(
        """
        select e.name, e.default_version, e.installed_version
        from pg_catalog.pg_available_extensions as e
        where e.name = any(%s)
        """,
        (list(EXTENSIONS),),
    )
    extensions = dict.fromkeys(EXTENSIONS, "absent")
    for name, default, installed in rows:
        extensions[name] = f"installed {installed}" if installed else f"available {default}"
    maintainer = connection.execute(
        """
        select from pg_catalog.pg_stat_activity as a
        where a.datname = pg_catalog.current_database() and a.application_name = %s
        """,
        (MAINTAINER,),
    ).fetchone()
    version = connection.info.parameter_status("server_version") or "unknown"
    return ServerInfo(version, extensions, maintainer is not None, _cron_advice(connection))


def _cron_advice(connection: Connection[Any]) -> str:
    """Return what the package says about pg_cron; nothing where it is not there to be asked."""
    function = "wedsync_realtime.cron_advice()"
    row = connection.execute(
        """
        select pg_catalog.has_function_privilege(f.function, 'execute')
        from pg_catalog.to_regprocedure(%s) as f (function)
        """,
        (function,),
    ).fetchone()
    if not (row and row[0]):
        return ""
    row = connection.execute(f"select {function}".encode()).fetchone()
    return as_started(row[0]) if row else ""
