"""The terminal's view as a command: where it runs, what it refuses, how it ends."""

import os
import pty
import subprocess
import sys

import pytest

from tests.support.waiting import PATIENCE
from wedsync_realtime.entry.cli import main

COMMAND = [sys.executable, "-m", "wedsync_realtime", "top"]


def test_without_a_terminal_it_says_so(database: str) -> None:
    done = subprocess.run(
        [*COMMAND, "--database-url", database],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "This is not a terminal." in done.stderr


@pytest.mark.parametrize("every", ["0", "-1", "nan", "inf", "soon"])
def test_interval_that_is_none_is_refused(every: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["top", "--every", every])
    assert caught.value.code == 2
    assert "--every" in capsys.readouterr().err


def test_q_ends_it_in_a_terminal(database: str) -> None:
    master, terminal = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "--database-url", database], stdin=terminal, stdout=terminal, stderr=terminal
    ) as process:
        os.close(terminal)
        shown = b""
        while b"Tenants" not in shown:
            shown += os.read(master, 4096)
        os.write(master, b"q")
        while True:
            try:
                if not os.read(master, 4096):
                    break
            except OSError:  # the other end is closed
                break
        assert process.wait(PATIENCE) == 0
    os.close(master)
