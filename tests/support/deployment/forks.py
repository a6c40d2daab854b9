"""Commands of the package in a folder, in forks of `python -m tests.support.deployment.forks`.

That process has imported the package of its PYTHONPATH and read its scripts once, and is told on
its stdin what to run: the database's URL and the arguments, as one JSON array in a line.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from wedsync_realtime.entry.cli import main
from wedsync_realtime.source.scripts import default_root, discover

Command: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).parents[3]


@contextmanager
def package_of(folder: Path) -> Iterator[Command]:
    """Yield what runs a command of the package in a folder: the database's URL, the arguments."""
    path = os.pathsep.join(map(str, (folder / "scripts", ROOT)))
    with subprocess.Popen(
        [sys.executable, "-m", __name__],
        cwd=folder, env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as forks:  # fmt: skip
        stdin, stdout = forks.stdin, forks.stdout
        assert stdin
        assert stdout

        def command(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
            print(json.dumps([url, *arguments]), file=stdin, flush=True)
            return subprocess.CompletedProcess(arguments, *json.loads(stdout.readline()))

        yield command


def fork(url: str, arguments: list[str]) -> tuple[int, str, str]:
    """Run a command in a fork; return its exit code and what it printed on stdout and stderr."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = os.fork()
        if not child:
            os.dup2(out.fileno(), sys.stdout.fileno())
            os.dup2(err.fileno(), sys.stderr.fileno())
            os.environ["DATABASE_URL"] = url
            sys.exit(main(arguments))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        out.seek(0)
        err.seek(0)
        return code, out.read(), err.read()


if __name__ == "__main__":
    discover(default_root())
    for line in sys.stdin:
        url, *arguments = json.loads(line)
        print(json.dumps(fork(url, arguments)), flush=True)
