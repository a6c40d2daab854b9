"""The command in many processes at once: forks of `python -m tests.support.deployment.at_once`.

That process has imported everything once, which takes each longer than most commands.
"""

import json
import os
import subprocess
import sys
import traceback

from wedsync_realtime.entry.cli import main


def run_at_once(count: int, *arguments: object) -> list[str]:
    """Run the command in so many processes; return what each printed.

    Raises CalledProcessError where one of them does not end with exit code 0.
    """
    command = [sys.executable, "-m", __name__, str(count), *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    outputs: list[str] = json.loads(done.stdout)
    return outputs


def fork(arguments: list[str]) -> tuple[int, int]:
    """Begin to run the command in a fork; return its process id, and a pipe with what it prints."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    try:
        os.dup2(writer, sys.stdout.fileno())
        code = main(arguments)
        sys.stdout.flush()
        os._exit(code)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def run_forks(count: int, arguments: list[str]) -> list[str]:
    """Run the command in so many forks; return what they printed."""
    forks = [fork(arguments) for _ in range(count)]
    outputs = []
    codes = []
    for child, reader in forks:
        with os.fdopen(reader) as pipe:
            outputs.append(pipe.read())
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    assert codes == [0] * count, (codes, outputs)
    return outputs


if __name__ == "__main__":
    print(json.dumps(run_forks(int(sys.argv[1]), sys.argv[2:])))
