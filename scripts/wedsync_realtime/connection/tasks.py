"""How tasks are ended."""

import asyncio
from typing import Any

AGAIN = 1.0  # seconds


async def cancel(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks until they are done; their results and errors stay with them.

    Once is not enough: a cancellation may end as the error of a cancelled query, and before Python
    3.12 asyncio.wait_for loses one that comes together with what it waits for
    (https://github.com/python/cpython/issues/86296).
    """
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=AGAIN)
