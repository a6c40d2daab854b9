"""A supplier with a user, and what a listener of theirs is asked."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import wraps
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest

from tests.support.waiting import PATIENCE
from wedsync_realtime.listener import (
    Event,
    Listener,
    Resync,
    rpc,
)

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
FORMS = ["form-responses"]
NAME = "wedsync-realtime listener"


@dataclass(frozen=True)
class Scene:
    """A supplier with a user, and a connection that changes things."""

    url: str
    connection: psycopg.Connection
    supplier: UUID
    user: UUID

    @property
    def own(self) -> dict[str, str]:
        return {"supplier_id": str(self.supplier)}

    def listener(self, poll_interval: float = 60.0) -> Listener:
        return Listener(self.url, self.user, poll_interval=poll_interval)

    def submit(self, *names: str) -> None:
        for name in names:
            self.connection.execute(
                "insert into public.form_responses (supplier_id, form_name) values (%s, %s)",
                (self.supplier, name),
            )

    def run(self, statement: LiteralString, *values: Any) -> Any:
        cursor = self.connection.execute(statement, values or None)
        return cursor.fetchone() if cursor.description else None

    def terminate_listener(self) -> int:
        """Terminate the backend of the listener; return how many there were."""
        (count,) = self.run(
            "select count(pg_terminate_backend(a.pid, %s)) from pg_stat_activity as a"
            " where a.datname = current_database() and a.application_name = %s",
            PATIENCE * 1000,
            NAME,
        )
        return int(count)


def asynchronous(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def limited() -> None:
            async with asyncio.timeout(PATIENCE):
                await test(*args, **kwargs)

        asyncio.run(limited())

    return run


async def take(listener: Listener, count: int) -> list[Event]:
    """Return the next events; nothing else may come between but Ready."""
    events: list[Event] = []
    while len(events) < count:
        item = await anext(listener)
        assert not isinstance(item, Resync)
        if isinstance(item, Event):
            events.append(item)
    return events


async def take_names(listener: Listener, count: int) -> list[str]:
    return [event.new["form_name"] for event in await take(listener, count)]


async def until(happened: Callable[[], Any]) -> None:
    """Wait until something has happened; the limit of the test ends it otherwise."""
    while not happened():
        await asyncio.sleep(0.01)


def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Return how many calls of each function the server has answered from here on."""
    answers, call = Counter[str](), rpc.call

    async def counting(*args: Any, **arguments: Any) -> Mapping[str, Any]:
        answer = await call(*args, **arguments)
        answers[args[2]] += 1
        return answer

    monkeypatch.setattr(rpc, "call", counting)
    return answers


@dataclass
class LostAnswer:
    """A subscribe that the server has done, and whose answer is lost when that is said."""

    came: asyncio.Event = field(default_factory=asyncio.Event)
    is_lost: asyncio.Event = field(default_factory=asyncio.Event)


def lose_answer(monkeypatch: pytest.MonkeyPatch) -> LostAnswer:
    """Have the answer of the first subscribe come, and be lost before the listener sees it."""
    call, answer = rpc.call, LostAnswer()

    async def lossy(*args: Any, **arguments: Any) -> Mapping[str, Any]:
        told = await call(*args, **arguments)
        if "channels" in arguments:
            monkeypatch.setattr(rpc, "call", call)
            answer.came.set()
            await answer.is_lost.wait()
            raise psycopg.OperationalError("the answer was lost")
        return told

    monkeypatch.setattr(rpc, "call", lossy)
    return answer
