"""The TypeScript client over supabase-js: what is pushed, and what goes wrong on the way."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.client.follower import expire, leases, states
from tests.client.realtime import Realtime, Session
from tests.client.supabase.conftest import Add, Follow, Polls, only_session
from tests.supabase.tokens import token
from tests.support.waiting import PATIENCE

UNLINK = "update public.user_profiles set supplier_id = null where id = %s"


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
        session = only_session(realtime)
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
    session = only_session(realtime)
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


def test_join_without_an_answer_is_made_anew(realtime: Realtime, add: Add, follow: Follow) -> None:
    realtime.unanswered = 2
    follower = follow(timeout=20_000)  # of supabase-js, whose own 10 s no clock runs faster
    assert follower.status("behind") == "timed_out"
    add("meanwhile")
    follower.until(lambda: follower.names() == ["meanwhile"])
    follower.until_live()
    add("afterwards")
    follower.until(lambda: follower.names() == ["afterwards", "meanwhile"])
    assert realtime.unanswered == 0
    assert follower.figures()["readAll"] == 1


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
