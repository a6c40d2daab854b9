"""What stands on this machine and isn't ours: programs that can't be run, closed folders."""

import os
import platform
import shutil
import time
from pathlib import Path

import pytest

from tests.embedded.conftest import NOBODY, as_nobody, as_root
from tests.embedded.test_machine import fake_server
from wedsync_realtime.embedded import binaries, install, place, service

FOREIGN = {
    "of another machine": b"\x7fELF\x02\x01\x01 no program of this machine",
    "that is empty": b"",
    "that waits for input": b"#!/bin/sh\nread line && echo 'postgres (PostgreSQL) 18'\n",
    "that speaks Latin-1": b"#!/bin/sh\nprintf 'gr\\374\\337e 18'\n",
    "that fails": b"#!/bin/sh\nexit 3\n",
    "that is another program": b"#!/bin/sh\necho 'pgpool-II version 18.1'\n",
    "whose interpreter is gone": b"#!/nowhere/sh\n",
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN.keys())
def test_program_that_is_no_server_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    fake_server(tmp_path, "18.1")
    (tmp_path / "postgres").write_bytes(content)
    assert binaries.inspect(tmp_path) is None
    monkeypatch.delenv("PG", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert tmp_path not in [found.bindir for found in binaries.find_servers()]


def test_link_that_leads_to_itself_is_passed_over(tmp_path: Path) -> None:
    loop = tmp_path / "bin"
    loop.symlink_to(loop)
    assert binaries.inspect(loop) is None


def test_command_that_cannot_be_run_has_failed(tmp_path: Path) -> None:
    said: list[str] = []
    assert not install.run([str(tmp_path / "nowhere")], said.append)
    assert "nowhere" in said[0]


@as_root
def test_server_whose_files_are_closed_has_no_extensions(
    other_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = other_home.parent / "pg" / "bin"
    folder.mkdir(parents=True)
    fake_server(folder, "18.1")
    share = folder.parent / "share"
    share.mkdir()
    share.chmod(0)
    os.chown(other_home.parent, NOBODY, NOBODY)
    monkeypatch.setenv("PG", str(folder))
    # it is found, and so what initdb prints is no error of ours: the command ends with one line
    assert as_nobody("up") == 1


def test_server_that_was_chosen_installs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_server(tmp_path, "18.1")
    monkeypatch.setenv("PG", str(tmp_path))
    monkeypatch.setattr(install, "run", lambda *_, **__: pytest.fail("something was installed"))
    assert service._install_server(lambda line: None).bindir == tmp_path


@pytest.mark.parametrize(("system", "bytes_of_path"), [("Linux", 107), ("Darwin", 103)])
def test_sockets_path_fits_the_system(
    monkeypatch: pytest.MonkeyPatch, system: str, bytes_of_path: int
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    assert place.longest_socket_folder() == bytes_of_path - len("/.s.PGSQL.54320.lock")


def test_long_command_is_heard_of(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    ticks = iter(range(0, 1000, 4))
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks))
    lines = "".join(f"step {n}\\n" for n in range(6))
    assert install.run([shutil.which("printf") or "printf", lines], said.append)
    assert said
    assert set(said) < {f"  step {n}" for n in range(6)}
