"""How long a change takes from its commit to those who listen, through the package's listener."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

from wedsync_realtime.bench.ground import people
from wedsync_realtime.bench.ground.stage import Stage
from wedsync_realtime.bench.measure.compare import Cost, Costs
from wedsync_realtime.bench.measure.figures import Figure, Reading, percentile, ratio
from wedsync_realtime.listener import Event, Listener, Ready, rpc

CHANNELS = 20  # subscriptions of a listener
LIMIT = 60.0  # seconds after which a delivery counts as lost

_INSERT = "insert into {} (supplier_id, form_name, responses) values (%s, %s, '{{}}')"

# Commits a change of this name and returns when the change has arrived everywhere.
Send = Callable[[str], Awaitable[None]]


def delivery(stage: Stage) -> Iterator[Figure]:
    """Time deliveries to one subscription beside plain LISTEN, and to 200 of one supplier."""
    listeners = stage.scale.listeners
    with stage.session("set synchronous_commit = off") as session:
        people.add(session, "lone", users=1)
        people.add(session, "team", users=listeners)
    ours, plain, many = asyncio.run(_measure(stage))
    yield ratio(
        "delivery", "commit to 1 listener", _costs(ours), _costs(plain), "LISTEN and select"
    )
    what = f"commit to {listeners * CHANNELS} subscriptions"
    for per_cent in (50, 99):
        yield Reading("delivery", f"{what}, p{per_cent}", percentile(many, per_cent), "ms")


async def _measure(stage: Stage) -> tuple[list[float], list[float], list[float]]:
    ours: list[float] = []
    plain: list[float] = []
    many: list[float] = []
    async with _listening(stage, "lone", 1, 1, ours) as send, _plain(stage, plain) as send_plain:
        for _ in range(stage.scale.deliveries):
            await send(str(uuid4()))
            await send_plain(str(uuid4()))
    async with _listening(stage, "team", stage.scale.listeners, CHANNELS, many) as send:
        for _ in range(stage.scale.deliveries):
            await send(str(uuid4()))
    return ours, plain, many


@asynccontextmanager
async def _listening(
    stage: Stage, supplier: str, listeners: int, channels: int, seconds: list[float]
) -> AsyncIterator[Send]:
    """Open listeners with several subscriptions each; note the time of every delivery."""
    sent: dict[str, float] = {}
    arrived: asyncio.Queue[None] = asyncio.Queue()

    async def hear(listener: Listener) -> None:
        async for item in listener:
            if isinstance(item, Event):
                seconds.append(time.perf_counter() - sent[item.new["form_name"]])
            if isinstance(item, Event | Ready):
                arrived.put_nowait(None)

    async def all_arrived() -> None:
        async with asyncio.timeout(LIMIT):
            for _ in range(listeners * channels):
                await arrived.get()

    async def send(name: str) -> None:
        sent[name] = time.perf_counter()
        values = (people.supplier_id(supplier), name)
        await writer.execute(_INSERT.format("public.form_responses").encode(), values)
        await all_arrived()

    filters = {"supplier_id": people.supplier_id(supplier)}
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        writer = await stack.enter_async_context(await rpc.connect(stage.url))
        hearing = []
        for number in range(listeners):
            user = people.user_id(supplier, number + 1)
            listener = await stack.enter_async_context(Listener(stage.url, user))
            for _ in range(channels):
                await listener.subscribe([people.CHANNEL], filters)
            hearing.append(tasks.create_task(hear(listener)))
        await all_arrived()  # every one is ready
        yield send
        for task in hearing:
            task.cancel()


@asynccontextmanager
async def _plain(stage: Stage, seconds: list[float]) -> AsyncIterator[Send]:
    """Listen by hand to the outbox that notifies."""
    async with await rpc.connect(stage.url) as reader, await rpc.connect(stage.url) as writer:
        await reader.execute("listen bench")
        latest = 0

        async def send(name: str) -> None:
            nonlocal latest
            start = time.perf_counter()
            values = (people.supplier_id("lone"), name)
            await writer.execute(_INSERT.format("bench.notified").encode(), values)
            async for _ in reader.notifies(stop_after=1):
                pass
            found = await reader.execute(
                "select o.id, o.content from bench.outbox as o where o.id > %s order by o.id",
                (latest,),
            )
            latest = (await found.fetchall())[-1][0]
            seconds.append(time.perf_counter() - start)

        await send("first")
        seconds.clear()
        yield send


def _costs(seconds: list[float]) -> Costs:
    return Costs([Cost(second, None) for second in seconds])
