"""Copies that programs keep of rows which many change at once."""

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from tests.listener.scene import FORMS, Scene, take_names
from wedsync_realtime.listener import Event, Listener, Ready, Subscription

AHEAD, PAUSE = 100, 0.02  # changes by which writers are ahead before they pause, and seconds
SETTLING = 2  # changes after which a subscription relies on what is pushed


async def ready(listener: Listener, filters: dict[str, Any]) -> Subscription:
    """Subscribe to forms, and return when they are all recorded."""
    (forms,) = await listener.subscribe(FORMS, filters)
    assert await anext(listener) == Ready(forms)
    return forms


async def settle(scene: Scene, *listeners: Listener) -> None:
    """Have the listeners see that what is pushed is new."""
    for number in range(SETTLING):
        scene.submit(f"settling {number}")
        for listener in listeners:
            assert await take_names(listener, 1) == [f"settling {number}"]


@dataclass(frozen=True)
class Written:
    """How often each row was changed. end: has it stop."""

    counts: dict[str, int]
    end: Callable[[], None]


@contextmanager
def writing(
    url: str, supplier: UUID, copies: Iterable["Copy"] = (), writers: int = 3
) -> Iterator[Written]:
    """Have writers count in rows of their own and in one of all.

    copies: the writers slow down while one of these lags behind.
    """
    written, stop = Counter[str](), threading.Event()
    names = [*map(str, range(writers)), "all"]

    def is_ahead() -> bool:
        seen = (sum([*copy.seen.values()]) for copy in copies if copy.seen)
        return sum([*written.values()]) - min(seen, default=math.inf) > AHEAD

    def write(own: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not stop.is_set():
                for name in (own, "all"):
                    with connection.transaction():
                        row = connection.execute(
                            "update public.form_responses set responses = jsonb_build_object("
                            "'n', coalesce((responses ->> 'n')::integer, 0) + 1)"
                            " where supplier_id = %s and form_name = %s"
                            " returning (responses ->> 'n')::integer",
                            (supplier, name),
                        ).fetchone()
                    assert row
                    written[name] = max(written[name], row[0])
                    stop.wait(PAUSE if is_ahead() else 0)

    with psycopg.connect(url, autocommit=True) as connection:
        for name in names:
            connection.execute(
                "insert into public.form_responses (supplier_id, form_name) values (%s, %s)",
                (supplier, name),
            )
    threads = [threading.Thread(target=write, args=(str(each),)) for each in range(writers)]

    def end() -> None:
        stop.set()
        for thread in threads:
            thread.join()

    for thread in threads:
        thread.start()
    try:
        yield Written(written, end)
    finally:
        end()


class Copy:
    """What a program has been told of the rows that writers count in."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}
        self.count = 0

    async def follow(self, listener: Listener) -> None:
        """Take what comes, each count once and in order."""
        async for item in listener:
            if isinstance(item, Event) and item.operation == "UPDATE":
                name, number = item.new["form_name"], item.new["responses"]["n"]
                assert number == self.seen.get(name, number - 1) + 1, (name, number, self.seen)
                self.seen[name] = number
                self.count += 1
