"""The embedded cluster and the machine: which server is found, and what is said where none is."""

import os
import shutil
from pathlib import Path

import pytest

from tests.embedded.conftest import NOBODY, as_nobody, as_root, running
from wedsync_realtime.embedded import binaries, install, place, service
from wedsync_realtime.embedded.account import server_account
from wedsync_realtime.entry.cli import main
from wedsync_realtime.errors import NoServerError


@pytest.mark.parametrize("command", ["status", "psql", "maintain"])
def test_without_database_the_fix_is_named(
    other_home: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert main([command]) == 1
    assert "make migrate" in capsys.readouterr().err


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
    other_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(service, "find_servers", lambda: [])
    monkeypatch.setattr(install, "debian_packages", lambda *_: False)
    monkeypatch.setattr(install, "wheel", lambda *_: False)
    monkeypatch.setattr(shutil, "which", lambda name, **_: name if name == "dnf" else None)
    monkeypatch.delenv("PG")
    assert main(["migrate"]) == 1
    error = capsys.readouterr().err
    assert "No PostgreSQL server of version 15 or newer" in error
    assert f"`{install.as_root('dnf install -y postgresql-server')}`" in error


@pytest.mark.parametrize(
    ("user", "programs", "written"),
    [
        (0, ("sudo",), "apk add postgresql"),
        (1000, ("sudo",), "sudo apk add postgresql"),
        (1000, (), "su -c 'apk add postgresql'"),
    ],
)
def test_command_is_written_as_this_user_has_to(
    monkeypatch: pytest.MonkeyPatch, user: int, programs: tuple[str, ...], written: str
) -> None:
    has = (*programs, "apk")
    monkeypatch.setattr(shutil, "which", lambda name, **_: name if name in has else None)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setenv("PG", "")
    assert install.command_for_people() == written
    monkeypatch.setenv("PG", "16")
    assert install.command_for_people() == written.replace("postgresql", "postgresql16")
    # pgTAP is in no package that is known by name, and without lists apt-get knows none
    assert install.command_for_people(("cron", "pgtap")) is None
    monkeypatch.setattr(install, "_debian_names", lambda *_: set())
    monkeypatch.setattr(shutil, "which", lambda name, **_: name if name != "sudo" else None)
    assert "apt-get update" in (install.command_for_people() or "")
    monkeypatch.setattr(install, "_debian_names", lambda *_: {"postgresql-14"})
    assert install.command_for_people() is None


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
