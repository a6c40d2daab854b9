"""The TypeScript client over supabase-js: what it does on each refusal."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.client.follower import leases, states, use_up_rate
from tests.client.supabase.conftest import Add, Follow
from tests.supabase.tokens import token
from tests.support.callers.caller import Caller
from tests.support.callers.people import People

ALLOW = "select wedsync_realtime.set_limit(%s, %s)"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"supplier_id": None}, "filter_required"),
        ({"supplier_id": "nonsense"}, "invalid_request"),
        ({"nonsense": 1}, "invalid_request"),
    ],
)
def test_wrong_filter_ends_it(follow: Follow, more: dict[str, Any], why: str) -> None:
    follower = follow(more)
    assert follower.status("stopped") == why
    assert states(follower) == [("connecting", "subscribing"), ("stopped", why)]


def test_unknown_channel_ends_it(follow: Follow) -> None:
    assert follow(channel="nonsense").status("stopped") == "unknown_channel"


def test_foreign_channel_ends_it(follow: Follow, people: People) -> None:
    foreign = {"supplier_id": str(people.supplier("Foreign"))}
    assert follow(foreign).status("stopped") == "forbidden_channel"


def test_who_is_nobody_is_asked_for_another_token(follow: Follow, user: UUID, add: Add) -> None:
    add("row")
    old, good = token("authenticated", user, expires_in=-10), token("authenticated", user)
    follower = follow(tokens=[old, good])
    follower.status("connecting", "unauthorized")
    follower.say("renew")
    follower.status("live")
    assert follower.names() == ["row"]


def test_who_stays_nobody_is_stopped_in_the_end(follow: Follow, user: UUID) -> None:
    follower = follow(tokens=[token("authenticated", user, expires_in=-10)])
    assert follower.status("stopped") == "unauthorized"


def test_subscription_that_is_gone_is_opened_again(
    admin: psycopg.Connection, add: Add, follow: Follow
) -> None:
    follower = follow()
    follower.status("live")
    admin.execute("delete from public.realtime_subscriptions")
    add("meanwhile")
    follower.say("wake")
    follower.until(lambda: leases(admin) == 1)
    follower.until(lambda: follower.names() == ["meanwhile"])
    follower.until_live()
    assert follower.figures()["readAll"] == 1


def test_retry_after_is_honoured(
    admin: psycopg.Connection, follow: Follow, act_as: Callable[..., Caller], user: UUID,
    supplier: UUID,
) -> None:  # fmt: skip
    left = use_up_rate(admin, act_as(user), supplier)
    follower = follow(speed=100)
    tries = [follower.wait(lambda it: "called" in it)["at"] for _ in range(2)]
    assert ("connecting", "rate_limited") in states(follower)
    assert tries[1] - tries[0] > left()


def test_place_is_waited_for(
    admin: psycopg.Connection, add: Add, follow: Follow, supplier: UUID
) -> None:
    admin.execute(ALLOW, (supplier, 0))
    follower = follow()
    assert follower.status("connecting", "connection_limit")
    add("row")
    admin.execute(ALLOW, (supplier, 10))
    follower.status("live")
    assert follower.names() == ["row"]
