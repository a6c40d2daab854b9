"""Run a deployment that kills itself: python -m tests.support.killed SOURCE STEP MOMENT URL.

STEP: the script or attached table, counted from 1, at which it dies.
MOMENT: before it is sent, inside while the server runs it, or after it has ended.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from psycopg import Connection

from wedsync_realtime.deployment import attach, deploy, execute
from wedsync_realtime.source.scripts import Script

T = TypeVar("T")

MOMENTS = ("before", "inside", "after")


def killed(url: str, source: Path, step: int, moment: str) -> bool:
    """Run a deployment that dies at a step; False when it ended before it came to it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.killed", source, str(step), moment, url],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


def main(source: str, step: str, moment: str, url: str) -> None:
    """Deploy, with every script and every attached table counted."""
    numbers = count(1)
    run, attach_table = execute.run, attach.attach_table

    def counted(connection: Connection[Any], query: bytes, work: Callable[[], T]) -> T:
        is_last = next(numbers) == int(step)
        if is_last and moment == "inside":
            connection.pgconn.send_query(query)
            connection.pgconn.flush()
        if is_last and moment != "after":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = work()
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    def run_counted(connection: Connection[Any], script: Script) -> float:
        return counted(connection, script.content, lambda: run(connection, script))

    def attach_counted(connection: Connection[Any], relation: str, patience: float) -> None:
        query = f"select wedsync_realtime.attach_relations(array['{relation}'::regclass])"
        counted(connection, query.encode(), lambda: attach_table(connection, relation, patience))

    execute.run, attach.attach_table = run_counted, attach_counted
    deploy.migrate(url, Path(source))


if __name__ == "__main__":
    main(*sys.argv[1:])
