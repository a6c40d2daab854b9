"""A client that subscribes to one channel and polls it, as an application would."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.support.callers.caller import Answer, Caller
from tests.support.waiting import PATIENCE

INSERT = "insert into public.form_responses (supplier_id, form_name) values (%s, %s)"

ActAs = Callable[..., Caller]  # the fixture act_as
Connect = Callable[[], psycopg.Connection]  # the fixture connect


@dataclass
class Listener:
    """One subscription of a caller and the cursor it has reached."""

    caller: Caller
    channel: str
    cursor: str | None

    def poll(self, **arguments: Any) -> Answer:
        """Poll after the cursor, and keep the new one."""
        answer = self.caller.rpc(
            "realtime_poll", channel=self.channel, cursor=self.cursor, **arguments
        )
        if answer["success"]:
            self.cursor = answer["cursor"]
        return answer

    def events(self, **arguments: Any) -> list[dict[str, Any]]:
        """Poll until no page is left, and return all events."""
        return list(self._pages(**arguments))

    def _pages(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        while True:
            answer = self.poll(**arguments)
            assert answer["success"], answer.body
            assert not answer["resyncRequired"], answer.body
            yield from answer["events"]
            if not answer["hasMore"]:
                return


def subscribed(caller: Caller, name: str, filters: dict[str, Any], **more: Any) -> Listener:
    """Subscribe a caller to a channel and return the listener at its first cursor."""
    answer = caller.rpc("realtime_subscribe", channels=[name], filters=filters, **more)
    assert answer["success"], answer.body
    (subscription,) = answer["subscriptions"]
    return Listener(caller, subscription["channel"], subscription["cursor"])


def heard(ear: psycopg.Connection) -> list[str]:
    """Return what a connection that listens was told of everything committed until now."""
    with psycopg.connect(ear.info.dsn, autocommit=True) as other:
        other.execute("notify wedsync_realtime, 'now'")
    payloads: list[str] = []
    for note in ear.notifies(timeout=PATIENCE):
        if note.payload == "now":
            return payloads
        payloads.append(note.payload)
    raise TimeoutError("no notification came")


def names(listener: Listener, max_events: int = 100) -> list[str]:
    """Return the form names of the events that are left."""
    return [event["new"]["form_name"] for event in listener.events(max_events=max_events)]
