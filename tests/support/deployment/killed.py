"""Deployments that kill themselves, each a fork of `python -m tests.support.deployment.killed`.

That process has imported everything and read the source once, and is told on its stdin what to
run: the source's folder, the step, the moment and the URL, as one JSON array in a line.
"""

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from psycopg import Connection

from wedsync_realtime.deployment import attach, deploy, execute
from wedsync_realtime.source.scripts import Script, discover

T = TypeVar("T")
Killed: TypeAlias = Callable[[str, Path, int, str], bool]

MOMENTS = ("before", "inside", "after")


@contextmanager
def killing() -> Iterator[Killed]:
    """Yield what runs a deployment that dies at a step; False when it ended before it came to it.

    Its arguments: the URL; the source; the script or attached table, counted from 1, at which it
    dies; the moment: before it is sent, inside while the server runs it, or after it has ended.
    """
    command = [sys.executable, "-m", "tests.support.deployment.killed"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as forks:
        stdin, stdout = forks.stdin, forks.stdout
        assert stdin
        assert stdout

        def killed(url: str, source: Path, step: int, moment: str) -> bool:
            print(json.dumps([str(source), step, moment, url]), file=stdin, flush=True)
            code = int(stdout.readline())
            assert code in (0, -signal.SIGKILL), code
            return code != 0

        yield killed


def fork(source: str, step: int, moment: str, url: str) -> int:
    """Run a deployment in a fork; return its exit code, negative for the signal that ended it."""
    read(source)
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        run(source, step, moment, url)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


@cache
def read(source: str) -> None:
    """Find out about the scripts of a source, once for all forks."""
    discover(Path(source))


def run(source: str, step: int, moment: str, url: str) -> None:
    """Deploy, with every script and every attached table counted."""
    numbers = count(1)
    run_script, attach_table = execute.run, attach.attach_table

    def counted(connection: Connection[Any], query: bytes, work: Callable[[], T]) -> T:
        is_last = next(numbers) == step
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
        return counted(connection, script.content, lambda: run_script(connection, script))

    def attach_counted(connection: Connection[Any], relation: str, patience: float) -> None:
        query = f"select wedsync_realtime.attach_relations(array['{relation}'::regclass])"
        counted(connection, query.encode(), lambda: attach_table(connection, relation, patience))

    execute.run, attach.attach_table = run_counted, attach_counted
    deploy.migrate(url, Path(source))


if __name__ == "__main__":
    for line in sys.stdin:
        print(fork(*json.loads(line)), flush=True)
