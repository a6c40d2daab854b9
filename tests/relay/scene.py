"""A supplier whose user listens, and what is written for them."""

import asyncio
import json
import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from typing import Any
from uuid import UUID

import psycopg
from nats.aio.msg import Msg

from tests.support import waiting
from tests.support.callers.people import People

FORMS = "form-responses"
LIMIT = 1500 if os.environ.get("WEDSYNC_LONG") else 300  # seconds that a test may take


@dataclass(frozen=True)
class Scene:
    """A supplier with a user. connection: writes past row level security."""

    url: str
    people: People
    supplier: UUID
    user: UUID
    connection: psycopg.Connection

    @property
    def own(self) -> dict[str, str]:
        """The filter of the supplier's channels."""
        return {"supplier_id": str(self.supplier)}

    def submit(self, *names: str, supplier: UUID | None = None) -> None:
        """Write forms, one a transaction."""
        for name in names:
            self.connection.execute(
                "insert into public.form_responses (supplier_id, form_name) values (%s, %s)",
                (supplier or self.supplier, name),
            )

    def value(self, statement: str, *values: Any) -> Any:
        """Return the one value of a query."""
        row = self.connection.execute(statement.encode(), values or None).fetchone()
        return row[0] if row else None


def body(message: Msg) -> dict[str, Any]:
    """Return what a message says."""
    told: dict[str, Any] = json.loads(message.data)
    return told


def names(messages: list[Msg]) -> list[str]:
    """Return the names of the forms that events tell of."""
    return [body(message)["new"]["form_name"] for message in messages]


def asynchronous(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on an event loop of its own, within LIMIT."""

    @wraps(test)
    def run(*arguments: Any, **fixtures: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*arguments, **fixtures), LIMIT))

    return run


async def until(has_happened: Callable[[], Any]) -> None:
    """Wait until something has happened, while connections are served."""
    await asyncio.to_thread(waiting.until, has_happened)
