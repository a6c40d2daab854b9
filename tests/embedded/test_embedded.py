"""The embedded cluster: created, kept, started again after every kind of end, deleted."""

import io
import os
import re
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import psycopg
import pytest

from tests.embedded.conftest import NOBODY, as_nobody, as_root, located, running
from tests.support.deployment.tree import Tree
from tests.support.postgres.cluster import Cluster
from tests.support.waiting import PATIENCE
from wedsync_realtime.embedded import cluster, place
from wedsync_realtime.entry.cli import main
from wedsync_realtime.errors import ClusterError

Capture = pytest.CaptureFixture[str]


def query(url: str, text: str) -> Any:
    with psycopg.connect(url) as connection:
        row = connection.execute(text.encode()).fetchone()
        return row[0] if row else None


def test_folder_is_made_by_whoever_comes_first(tmp_path: Path) -> None:
    """As by the demo's page, which fetches its packages while the server is made."""
    makers = 8
    homes = [tmp_path / str(number) / ".local" for number in range(200)]
    together = Barrier(makers)

    def make() -> None:
        try:
            for home in homes:
                together.wait(PATIENCE)
                place.make_home(home)
        except ClusterError:
            together.abort()
            raise

    with ThreadPoolExecutor(makers) as pool:
        making = [pool.submit(make) for _ in range(makers)]
    for each in making:
        each.result()


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
