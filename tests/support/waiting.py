"""Wait for what happens, however long that takes on a slow machine."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TypeVar

import psycopg

T = TypeVar("T")

PATIENCE = 300  # seconds until what has not happened fails the test; none is meant to take them
PAUSE, LONGEST_PAUSE = 0.01, 0.1  # seconds between two looks: more, the longer it takes

IS_BLOCKED = "select 1 from pg_stat_activity where pid = %s and wait_event_type = 'Lock'"


def until(happened: Callable[[], T]) -> T:
    """Ask until something has happened, and return the answer. Raises TimeoutError."""
    deadline, pause = time.monotonic() + PATIENCE, PAUSE
    while not (answer := happened()):
        if time.monotonic() > deadline:
            raise TimeoutError("it has not happened")
        time.sleep(pause)
        pause = min(1.1 * pause, LONGEST_PAUSE)
    return answer


def until_blocked(watcher: psycopg.Connection, blocked: psycopg.Connection) -> None:
    """Wait until a connection waits for a lock. watcher: another one, in autocommit mode."""
    pid = blocked.info.backend_pid
    until(lambda: watcher.execute(IS_BLOCKED, (pid,)).fetchone())


@contextmanager
def never_blocked(watched: psycopg.Connection) -> Iterator[None]:
    """Fail where a connection waits for a lock for longer than between two looks at it."""
    ended, seen, pid = Event(), [0], watched.info.backend_pid

    def look() -> None:
        in_a_row = 0
        with psycopg.connect(watched.info.dsn, autocommit=True) as watcher:
            while not ended.wait(PAUSE):
                is_blocked = watcher.execute(IS_BLOCKED, (pid,)).fetchone()
                in_a_row = in_a_row + 1 if is_blocked else 0
                seen[0] = max(seen[0], in_a_row)

    looking = Thread(target=look)
    looking.start()
    try:
        yield
    finally:
        ended.set()
        looking.join()
    assert seen[0] < 2, "it has waited for a lock"
