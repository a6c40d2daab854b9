"""The TypeScript client over NATS: a real server, the relay, nats-core over WebSocket."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.client.follower import Follower, Followers, expire, leases, states
from tests.supabase.tokens import SECRET, token
from tests.support.callers.people import People, own_people, shared_database
from tests.support.nats.relay import Relay, running_relay
from tests.support.postgres.cluster import Cluster

Follow = Callable[..., Follower]
Add = Callable[[str], object]
UNLINK = "update public.user_profiles set supplier_id = null where id = %s"


@pytest.fixture(scope="module")
def database(cluster: Cluster, template: str) -> Iterator[str]:
    """Yield the URL of the database that the tests here share, as they do the relay."""
    with shared_database(cluster, template) as url:
        yield url


@pytest.fixture
def people(database: str) -> Iterator[People]:
    with own_people(database) as people:
        yield people


@pytest.fixture(scope="module")
def relay(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    variables = {"JWT_SECRET": SECRET, "JWT_AUDIENCE": "authenticated"}
    with running_relay(database, tmp_path_factory.mktemp("home"), **variables) as relay:
        yield relay


@pytest.fixture
def follow(
    followers: Followers, rest: str, relay: Relay, admin: psycopg.Connection,
    supplier: UUID, user: UUID,
) -> Iterator[Follow]:  # fmt: skip
    """Start a copy of the supplier's form responses, which hardly polls; task: the rest."""
    admin.execute(
        "update wedsync_realtime.settings set ping_interval = '12 h', stale_after = '24 h'"
    )
    with ExitStack() as stack:

        def start(more: Any = None, **task: Any) -> Follower:
            given = {
                "transport": "nats", "url": rest, "websocket": relay.websocket,
                "user": str(user), "connectionId": str(uuid4()),
                "tokens": [token("authenticated", user), token("authenticated", user, 7200)],
                "filter": {"supplier_id": str(supplier)} | (more or {}),
            }  # fmt: skip
            return stack.enter_context(followers.following(**(given | task)))

        yield start


def test_changes_are_pushed(admin: psycopg.Connection, add: Add, follow: Follow) -> None:
    add("before")
    follower = follow()
    follower.status("live")
    add("one")
    admin.execute("update public.form_responses set form_name = 'two' where form_name = 'before'")
    follower.until(lambda: follower.names() == ["one", "two"])
    admin.execute("delete from public.form_responses where form_name = 'one'")
    follower.until(lambda: follower.names() == ["two"])
    figures = follower.figures()
    assert (figures["readAll"], figures["applied"]) == (1, 3)
    follower.stop()
    assert leases(admin) == 0


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"operations": ["INSERT"]}, ["one", "two"]),
        ({"where": [{"column": "form_name", "op": "eq", "value": "two"}]}, ["two"]),
    ],
)
def test_only_what_is_asked_for_is_pushed(
    admin: psycopg.Connection, add: Add, follow: Follow, more: Any, names: list[str]
) -> None:
    follower = follow(more)
    follower.status("live")
    add("one")
    add("two")
    admin.execute("update public.form_responses set form_name = 'new one' where form_name = 'one'")
    follower.until(lambda: follower.names() == names)


def test_connection_that_breaks_catches_up(add: Add, follow: Follow) -> None:
    follower = follow()
    follower.status("live")
    follower.say("renew")  # a login anew, with another token
    add("meanwhile")
    follower.until(lambda: follower.names() == ["meanwhile"])
    follower.until(lambda: follower.figures() and states(follower)[-1] == ("live", ""))
    add("afterwards")
    follower.until(lambda: follower.names() == ["afterwards", "meanwhile"])
    assert follower.figures()["readAll"] == 1


def test_server_that_is_killed_is_waited_for(relay: Relay, add: Add, follow: Follow) -> None:
    follower = follow()
    follower.status("live")
    relay.kill_server()
    follower.status("behind")
    add("meanwhile")
    follower.status("live")
    add("afterwards")
    follower.until(lambda: follower.names() == ["afterwards", "meanwhile"])
    # what was asked meanwhile is asked anew; nobody waits for an answer that was lost
    assert "timeout" not in [why for _, why in states(follower)]


def test_expired_subscription_is_opened_again(
    admin: psycopg.Connection, add: Add, follow: Follow
) -> None:
    follower = follow()
    follower.status("live")
    expire(admin)
    add("meanwhile")
    follower.until(lambda: follower.names() == ["meanwhile"])
    follower.until(lambda: follower.figures() and states(follower)[-1] == ("live", ""))
    add("afterwards")
    follower.until(lambda: follower.names() == ["afterwards", "meanwhile"])
    assert follower.figures()["readAll"] == 1


def test_refused_subject_is_listened_to_once(
    admin: psycopg.Connection, add: Add, follow: Follow
) -> None:
    follower = follow(seed=0)  # tells of whoever listens twice
    follower.say("calm")
    follower.status("live")
    for number in range(2):
        expire(admin)
        follower.say("renew")  # this login grants nothing
        follower.until(lambda: leases(admin) == 1)
        follower.until_live()
        add(str(number))
    follower.until(lambda: follower.names() == ["0", "1"])


def test_resync_is_heeded_at_once(admin: psycopg.Connection, add: Add, follow: Follow) -> None:
    add("gone")
    follower = follow()
    follower.status("live")
    admin.execute("truncate public.form_responses")
    assert follower.status("behind") == "truncated"
    follower.status("live")
    assert follower.names() == []


def test_revocation_is_seen_at_once(
    admin: psycopg.Connection, add: Add, follow: Follow, user: UUID
) -> None:
    follower = follow()
    follower.status("live")
    admin.execute(UNLINK, (user,))
    add("secret")
    assert follower.status("stopped") == "forbidden_channel"
    assert follower.names() == []


def test_refusal_stops_it(follow: Follow) -> None:
    assert follow({"supplier_id": str(uuid4())}).status("stopped") == "forbidden_channel"
