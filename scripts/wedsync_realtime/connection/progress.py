"""Say now and then what a long step is at."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

FIRST, EVERY = 3.0, 15.0  # seconds until the first line, and between those after it


@contextmanager
def watched(
    step: str, report: Callable[[str], None], detail: Callable[[], str] = lambda: ""
) -> Iterator[None]:
    """Report how long the body of the context has been running, beginning after some seconds.

    detail: asked, in a thread of its own, for what to add.
    """
    ended = threading.Event()
    start = time.monotonic()

    def tell() -> None:
        pause = FIRST
        while not ended.wait(pause):
            report(f"{step}: running for {time.monotonic() - start:.0f} s{detail()} …")
            pause = EVERY

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
