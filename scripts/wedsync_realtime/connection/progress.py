"""Say now and then what a long step is at."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

FIRST, EVERY = 3.0, 15.0  # seconds until the first line, and between those after it


@contextmanager
def watched(
    report: Callable[[str], None], detail: Callable[[], str] = lambda: ""
) -> Iterator[Callable[[str], None]]:
    """Report how long a step has been running, beginning after some seconds.

    Yields a function that takes the name of each step when it begins.
    detail: asked, in a thread of its own, for what to add.
    """
    ended = threading.Event()
    step, start = "", time.monotonic()

    def begin(name: str) -> None:
        nonlocal step, start
        step, start = name, time.monotonic()

    def tell() -> None:
        told, due = start, start + FIRST
        while not ended.wait(max(due - time.monotonic(), 0)):
            if told != start:
                told, due = start, start + FIRST
                continue
            report(f"{step}: running for {time.monotonic() - start:.0f} s{detail()} …")
            due = time.monotonic() + EVERY

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield begin
    finally:
        ended.set()
        thread.join()
