"""The TypeScript client over supabase-js: messages that come late, twice, out of order or never."""

from threading import Event
from typing import Any

import psycopg

from tests.client.realtime import Realtime, Session
from tests.client.supabase.conftest import Add, Follow, only_session


class Held:
    """Broadcasts that wait until they are let go."""

    def __init__(self, realtime: Realtime) -> None:
        self.messages: list[tuple[Session, str, str, Any]] = []
        self.arrived = Event()
        realtime.deliver = self.hold

    def hold(self, *message: Any) -> None:
        self.messages.append(message)
        self.arrived.set()

    def wait(self, count: int) -> None:
        while len(self.messages) < count:
            self.arrived.wait(1)
            self.arrived.clear()

    def release(self, *order: int) -> None:
        for number in order:
            session, *message = self.messages[number]
            session.broadcast(*message)


def test_message_that_comes_twice_is_applied_once(
    realtime: Realtime, add: Add, follow: Follow
) -> None:
    follower = follow()
    follower.status("live")
    held = Held(realtime)
    add("one")
    add("two")
    held.wait(2)
    held.release(0, 0, 1, 0, 1)
    follower.until(lambda: follower.names() == ["one", "two"])
    assert follower.figures()["applied"] == 2


def test_newest_change_of_a_row_wins(
    realtime: Realtime, admin: psycopg.Connection, add: Add, follow: Follow
) -> None:
    follower = follow()
    follower.status("live")
    held = Held(realtime)
    add("one")
    admin.execute("update public.form_responses set form_name = 'two'")
    add("other")
    held.wait(3)
    held.release(1, 0, 2)
    follower.until(lambda: follower.names() == ["other", "two"])
    assert follower.figures()["applied"] == 2


def test_message_that_was_lost_is_polled_for(
    realtime: Realtime, admin: psycopg.Connection, add: Add, follow: Follow
) -> None:
    follower = follow()
    follower.status("live")
    held = Held(realtime)
    add("one")
    admin.execute("update public.form_responses set form_name = 'two'")
    add("other")
    held.wait(3)
    held.release(1)
    follower.until(lambda: follower.names() == ["two"])
    follower.say("wake")
    follower.until(lambda: follower.names() == ["other", "two"])
    held.release(0, 1, 2)  # late
    add("last")
    held.wait(4)
    held.release(3)
    follower.until(lambda: follower.names() == ["last", "other", "two"])
    assert follower.figures()["applied"] == 3


def test_message_from_before_the_copy_is_found_out(
    realtime: Realtime, admin: psycopg.Connection, add: Add, follow: Follow
) -> None:
    """It was sent when another had subscribed, and comes when a newer one is lost."""
    first = follow()
    first.status("live")
    held = Held(realtime)
    add("one")
    admin.execute("update public.form_responses set form_name = 'two'")
    held.wait(2)
    first.stop()
    follower = follow()
    follower.status("live")
    assert follower.names() == ["two"]
    session = only_session(realtime)
    session.broadcast(*held.messages[0][1:])
    follower.until(lambda: follower.names() == ["one"])
    for _ in range(2):
        follower.say("wake")
    follower.until(lambda: follower.names() == ["two"])
    assert follower.figures()["readAll"] == 2
