"""How tasks are ended."""

import asyncio

from tests.relay.scene import asynchronous
from wedsync_realtime.connection.tasks import cancel


@asynchronous
async def test_task_that_loses_a_cancellation_is_ended() -> None:
    for_ever, asked = asyncio.Event(), 0

    async def lose_one() -> None:
        nonlocal asked
        while asked < 2:
            try:
                await for_ever.wait()
            except asyncio.CancelledError:
                asked += 1

    task = asyncio.create_task(lose_one())
    await asyncio.sleep(0)
    await cancel(task)
    assert task.done()
    assert asked == 2


@asynchronous
async def test_error_of_a_task_stays_with_it() -> None:
    async def fail() -> None:
        raise OSError

    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    await cancel(task)
    assert isinstance(task.exception(), OSError)
