"""Deploy the package into test databases, with the real runner."""

import os
import subprocess
import sys


class DeployError(Exception):
    """The runner failed; the message is its output."""


def deploy(dsn: str) -> None:
    """Deploy the package into the database at this URL.

    Raises DeployError with the runner's output when it exits non-zero.
    """
    done = subprocess.run(
        [sys.executable, "-m", "wedsync_realtime", "migrate"],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"DATABASE_URL": dsn},
    )
    if done.returncode != 0:
        raise DeployError(done.stdout)
