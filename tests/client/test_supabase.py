"""The TypeScript client over supabase-js: what is pushed, and what goes wrong on the way."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.client.follower import Follower, expire, following, leases, states
from tests.client.realtime import Realtime, Session, project_server
from tests.supabase.rest import Handler
from tests.supabase.tokens import token
from tests.support.cluster import Cluster
from tests.support.waiting import PATIENCE

Follow = Callable[..., Follower]
Add = Callable[[str], object]
UNLINK = "update public.user_profiles set supplier_id = null where id = %s"


@pytest.fixture
def database(cluster: Cluster, supabase: str) -> Iterator[str]:
    with cluster.database(supabase) as url:
        yield url


class Polls:
    """Polls, whose answers wait while they are held."""

    def __init__(self) -> None:
        self.are_held = False
        self.answered = Event()
        self.let_go = Event()

    def handler(self) -> type[Handler]:
        """Return PostgREST that holds answers back."""
        polls = self

        class HoldingHandler(Handler):
            """One connection of a client."""

            def handle_request(self) -> None:
                """Answer one request, and send the answer when it may go."""
                if not (polls.are_held and self.path.endswith("/realtime_poll")):
                    return super().handle_request()
                connection, self.wfile = self.wfile, BytesIO()
                super().handle_request()
                polls.answered.set()
                polls.let_go.wait(PATIENCE)
                connection.write(self.wfile.getvalue())
                self.wfile = connection
                return None

            do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = handle_request  # noqa: N815

        return HoldingHandler


@pytest.fixture
def polls() -> Polls:
    return Polls()


@pytest.fixture
def served(authenticator: str, database: str, polls: Polls) -> Iterator[tuple[str, Realtime]]:
    with project_server(authenticator, database, polls.handler()) as both:
        yield both


@pytest.fixture
def realtime(served: tuple[str, Realtime]) -> Realtime:
    return served[1]


@pytest.fixture
def follow(
    client: Path, node_modules: Path, served: tuple[str, Realtime], admin: psycopg.Connection,
    supplier: UUID, user: UUID,
) -> Iterator[Follow]:  # fmt: skip
    """Start a copy of the supplier's form responses, which hardly polls; task: the rest."""
    admin.execute(
        "update wedsync_realtime.settings set ping_interval = '12 h', stale_after = '24 h'"
    )
    with ExitStack() as stack:

        def start(more: Any = None, **task: Any) -> Follower:
            given = {
                "transport": "supabase", "url": served[0], "key": token("anon"),
                "vsn": "2.0.0", "tokens": [token("authenticated", user)],
                "filter": {"supplier_id": str(supplier)} | (more or {}),
            }  # fmt: skip
            return stack.enter_context(following(client, node_modules, **(given | task)))

        yield start


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


@pytest.mark.parametrize("vsn", ["1.0.0", "2.0.0"])
def test_changes_are_pushed(admin: psycopg.Connection, add: Add, follow: Follow, vsn: str) -> None:
    add("before")
    follower = follow(vsn=vsn)
    follower.status("live")
    add("one")
    admin.execute("update public.form_responses set form_name = 'two' where form_name = 'before'")
    follower.until(lambda: follower.names() == ["one", "two"])
    admin.execute("delete from public.form_responses where form_name = 'one'")
    follower.until(lambda: follower.names() == ["two"])
    assert follower.figures()["applied"] == 3
    assert [state for state, _ in states(follower)][-2:] == ["connecting", "live"]
    assert "behind" not in dict(states(follower))
    follower.stop()
    assert leases(admin) == 0


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"operations": ["INSERT"]}, ["one", "two"]),
        ({"operations": ["UPDATE", "DELETE"]}, ["new one"]),
        ({"events": ["form_response.updated"]}, ["new one"]),
        ({"changed": ["status"]}, ["one", "two"]),
        ({"where": [{"column": "form_name", "op": "eq", "value": "two"}]}, ["two"]),
    ],
)
def test_only_what_is_asked_for_is_applied(
    admin: psycopg.Connection, add: Add, follow: Follow, more: Any, names: list[str]
) -> None:
    follower = follow(more)
    follower.status("live")
    add("one")
    add("two")
    admin.execute("update public.form_responses set form_name = 'new one' where form_name = 'one'")
    follower.until(lambda: follower.names() == names)


def test_what_was_missed_while_away_is_polled_for(
    realtime: Realtime, add: Add, follow: Follow
) -> None:
    follower = follow()
    follower.status("live")
    for name, part in (("one", "cut"), ("two", "mute")):
        (session,) = realtime.sessions()
        realtime.deliver = lambda *_: None
        add(name)
        if part == "cut":
            session.socket.break_off()
        else:
            session.is_mute = True  # until a heartbeat is missed
        follower.status("behind")
        follower.status("live")
        realtime.deliver = Session.broadcast
        assert name in follower.names()
    add("three")
    follower.until(lambda: follower.names() == ["one", "three", "two"])
    assert follower.figures()["readAll"] == 1


@pytest.mark.parametrize("problem", ["Token has expired", "Too many messages per second"])
def test_channel_that_the_server_closes_is_joined_again(
    realtime: Realtime, add: Add, follow: Follow, problem: str
) -> None:
    follower = follow()
    follower.status("live")
    (session,) = realtime.sessions()
    (topic,) = session.joined
    session.close(topic, problem)
    add("meanwhile")
    assert follower.status("behind") == "closed"
    follower.status("live")
    add("afterwards")
    follower.until(lambda: follower.names() == ["afterwards", "meanwhile"])


def test_refused_join_is_tried_again(realtime: Realtime, add: Add, follow: Follow) -> None:
    realtime.refusals += ["DatabaseLackOfConnections", "ClientJoinRateLimitReached"]
    follower = follow()
    assert follower.status("behind") == "channel_error"
    add("meanwhile")
    follower.status("live")
    follower.until(lambda: follower.names() == ["meanwhile"])
    assert not realtime.refusals


def test_expired_subscription_is_opened_and_joined_again(
    realtime: Realtime, admin: psycopg.Connection, add: Add, follow: Follow
) -> None:
    follower = follow()
    follower.status("live")
    expire(admin)
    add("meanwhile")
    follower.say("online")
    follower.until(lambda: leases(admin) == 1)
    add("afterwards")
    follower.until(lambda: follower.names() == ["afterwards", "meanwhile"])
    assert follower.figures()["readAll"] == 1


def test_page_that_comes_again_during_a_poll_is_pushed_to(
    polls: Polls, admin: psycopg.Connection, add: Add, follow: Follow
) -> None:
    follower = follow()
    follower.status("live")
    polls.are_held = True
    follower.say("wake")
    assert polls.answered.wait(PATIENCE)
    follower.say("pagehide")
    follower.say("pageshow")
    follower.until(lambda: leases(admin) == 0)
    polls.are_held = False
    polls.let_go.set()
    follower.status("behind", "joining")
    follower.status("live")
    add("row")
    follower.until(lambda: follower.names() == ["row"])
    figures = follower.figures()
    assert (figures["readAll"], figures["applied"]) == (1, 1)


def test_resync_is_heeded_at_once(admin: psycopg.Connection, add: Add, follow: Follow) -> None:
    add("gone")
    follower = follow()
    follower.status("live")
    admin.execute("truncate public.form_responses")
    assert follower.status("behind") == "truncated"
    follower.status("live")
    assert follower.names() == []


def test_revocation_is_seen_when_the_token_is_renewed(
    admin: psycopg.Connection, add: Add, follow: Follow, user: UUID
) -> None:
    tokens = [token("authenticated", user), token("authenticated", user, expires_in=7200)]
    follower = follow(tokens=tokens)
    follower.status("live")
    admin.execute(UNLINK, (user,))
    follower.say("renew")
    assert follower.status("stopped") == "forbidden_channel"
    add("secret")
    assert follower.names() == []


def test_revocation_is_seen_by_the_next_poll(
    admin: psycopg.Connection, add: Add, follow: Follow, user: UUID
) -> None:
    follower = follow()
    follower.status("live")
    admin.execute(UNLINK, (user,))
    follower.say("online")
    assert follower.status("stopped") == "forbidden_channel"
    add("secret")
    assert follower.names() == []


def test_renewed_token_keeps_the_channel(
    realtime: Realtime, add: Add, follow: Follow, user: UUID
) -> None:
    tokens = [token("authenticated", user), token("authenticated", user, expires_in=7200)]
    follower = follow(tokens=tokens)
    follower.status("live")
    follower.say("renew")
    add("row")
    follower.until(lambda: follower.names() == ["row"])
    assert ("behind", "closed") not in states(follower)


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
    (session,) = [each for each in realtime.sessions() if each.joined]
    session.broadcast(*held.messages[0][1:])
    follower.until(lambda: follower.names() == ["one"])
    for _ in range(2):
        follower.say("wake")
    follower.until(lambda: follower.names() == ["two"])
    assert follower.figures()["readAll"] == 2
