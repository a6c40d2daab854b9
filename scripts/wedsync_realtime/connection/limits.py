"""How long a command waits, and how it tries again where somebody else holds a lock."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import psycopg

from wedsync_realtime.errors import ScriptError

T = TypeVar("T")
Report = Callable[[str], None]

# Lock not available, deadlock, serialization failure: the same may succeed a moment later.
PASSING = {"55P03", "40P01", "40001"}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 8.0  # seconds between two attempts


@dataclass(frozen=True)
class Limits:
    """Times in seconds.

    lock_timeout: how long a statement waits for a lock. Whoever wants the table meanwhile queues
    behind it, so it is also how long a deployment makes writers wait before it gives way.
    retry_for: how long to go on trying for locks.
    statement_timeout: how long a statement may run; 0 is any time.
    wait: how long to wait for a server that is still starting.
    """

    lock_timeout: float = 0.1
    retry_for: float = 60.0
    statement_timeout: float = 0.0
    wait: float = 0.0


def retried(
    work: Callable[[], T],
    limits: Limits,
    report: Report,
    explain: Callable[[], str] = lambda: "",
) -> T:
    """Return what the work returns, doing it again while a lock is in its way and time is left.

    The pauses double, each with a jitter of half its length.
    explain: asked who may have the lock, when the time is up.
    Raises what the work raised last.
    """
    deadline = time.monotonic() + limits.retry_for
    pause = _FIRST_PAUSE
    while True:
        try:
            return work()
        except (ScriptError, psycopg.Error) as error:
            length = pause * random.uniform(0.5, 1.5)
            if error.sqlstate not in PASSING:
                raise
            if time.monotonic() + length > deadline:
                if isinstance(error, ScriptError):
                    error.fix += explain()
                raise
            report(f"{_first_line(error)}; trying again in {length:.1f} s …")
            time.sleep(length)
            pause = min(pause * 2, _LONGEST_PAUSE)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
