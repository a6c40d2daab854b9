"""The TypeScript client keeps a copy by polling alone: first copy, changes, and what goes wrong."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.client.conftest import INSERT
from tests.client.follower import Follower, Followers, expire, leases, states, use_up_rate
from tests.supabase.tokens import token
from tests.support.callers.caller import Caller
from tests.support.callers.people import People

Follow = Callable[..., Follower]
Add = Callable[[str], object]


@pytest.fixture
def follow(followers: Followers, rest: str, supplier: UUID, user: UUID) -> Iterator[Follow]:
    """Start a copy of the supplier's form responses; task: what is different."""
    with ExitStack() as stack:

        def start(more: Any = None, **task: Any) -> Follower:
            given = {
                "url": rest, "tokens": [token("authenticated", user)],
                "filter": {"supplier_id": str(supplier)} | (more or {}),
            }  # fmt: skip
            return stack.enter_context(followers.following(**(given | task)))

        yield start


def test_copy_follows_the_table(
    admin: psycopg.Connection, add: Add, follow: Follow, people: People
) -> None:
    add("before")
    follower = follow()
    follower.status("live")
    assert follower.names() == ["before"]
    add("one")
    follower.until(lambda: follower.names() == ["before", "one"])
    admin.execute("update public.form_responses set form_name = 'two' where form_name = 'one'")
    admin.execute("delete from public.form_responses where form_name = 'before'")
    follower.until(lambda: follower.names() == ["two"])
    admin.execute("update public.form_responses set supplier_id = %s", (people.supplier("Petal"),))
    follower.until(lambda: follower.names() == [])
    figures = follower.figures()
    assert (figures["readAll"], figures["applied"]) == (1, 4)
    assert states(follower) == [("connecting", "subscribing"), ("live", "")]


def test_only_what_is_asked_for_is_applied(
    admin: psycopg.Connection, add: Add, follow: Follow
) -> None:
    follower = follow({"operations": ["INSERT"]})
    follower.status("live")
    add("one")
    admin.execute("update public.form_responses set form_name = 'changed'")
    add("two")
    follower.until(lambda: len(follower.names()) == 2)
    assert follower.names() == ["one", "two"]


def test_stop_gives_the_subscription_back(admin: psycopg.Connection, follow: Follow) -> None:
    follower = follow()
    follower.status("live")
    assert leases(admin) == 1
    follower.stop()
    assert leases(admin) == 0
    assert states(follower)[-1] == ("stopped", "stopped")


def test_two_copies_of_a_user_have_a_subscription_each(
    admin: psycopg.Connection, add: Add, follow: Follow
) -> None:
    one, other = follow(), follow()
    one.status("live")
    other.status("live")
    assert leases(admin) == 2
    one.stop()
    add("row")
    other.until(lambda: other.names() == ["row"])


def test_expired_subscription_goes_on_from_its_cursor(
    admin: psycopg.Connection, add: Add, follow: Follow
) -> None:
    follower = follow()
    follower.status("live")
    expire(admin)
    add("while away")
    follower.until(lambda: follower.names() == ["while away"])
    assert follower.figures()["readAll"] == 1
    assert leases(admin) == 1


def test_resync_reads_the_copy_anew(admin: psycopg.Connection, add: Add, follow: Follow) -> None:
    add("gone")
    follower = follow()
    follower.status("live")
    admin.execute("truncate public.form_responses")
    add("anew")
    assert follower.status("behind") == "truncated"
    follower.status("live")
    assert follower.names() == ["anew"]
    assert follower.figures()["readAll"] == 2


def test_first_copy_waits_for_writers_that_began_before(
    database: str, admin: psycopg.Connection, supplier: UUID, follow: Follow
) -> None:
    with psycopg.connect(database) as writer:
        writer.execute(INSERT, (supplier, "late"))
        follower = follow()
        follower.status("connecting", "settling")
        assert follower.figures()["readAll"] == 0
    follower.status("live")
    assert follower.names() == ["late"]


def test_foreign_channel_stops_it(
    admin: psycopg.Connection, follow: Follow, people: People
) -> None:
    follower = follow({"supplier_id": str(people.supplier("Foreign"))})
    assert follower.status("stopped") == "forbidden_channel"
    assert follower.figures()["readAll"] == 0


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"supplier_id": None}, "filter_required"),
        ({"supplier_id": "nonsense"}, "invalid_request"),
        ({"nonsense": 1}, "invalid_request"),
    ],
)
def test_wrong_filter_stops_it(follow: Follow, more: dict[str, Any], why: str) -> None:
    assert follow(more).status("stopped") == why


def test_unknown_channel_stops_it(follow: Follow) -> None:
    assert follow(channel="nonsense").status("stopped") == "unknown_channel"


def test_nothing_is_applied_after_a_revocation(
    admin: psycopg.Connection, add: Add, follow: Follow, user: UUID
) -> None:
    follower = follow()
    follower.status("live")
    admin.execute("update public.user_profiles set supplier_id = null where id = %s", (user,))
    add("secret")
    assert follower.status("stopped") == "forbidden_channel"
    assert follower.names() == []
    assert leases(admin) == 0


def test_retry_after_is_honoured(
    admin: psycopg.Connection, follow: Follow, act_as: Callable[..., Caller], user: UUID,
    supplier: UUID,
) -> None:  # fmt: skip
    left = use_up_rate(admin, act_as(user), supplier)
    follower = follow(speed=100)
    tries = [follower.wait(lambda it: "called" in it)["at"] for _ in range(3)]
    assert ("connecting", "rate_limited") in states(follower)
    # the server's clock hardly went on, so it says again that there is a minute to wait
    assert min(tries[1] - tries[0], tries[2] - tries[1]) > left()


def test_token_is_asked_for_each_call(follow: Follow, user: UUID, add: Add) -> None:
    good, old = token("authenticated", user), token("authenticated", user, expires_in=-10)
    follower = follow(tokens=[good, old])
    follower.status("live")
    follower.say("renew")
    assert follower.status("behind") == "unauthorized"
    add("meanwhile")
    follower.say("renew")
    follower.status("live")
    assert follower.names() == ["meanwhile"]


def test_who_is_nobody_is_stopped_in_the_end(follow: Follow, user: UUID) -> None:
    follower = follow(tokens=[token("authenticated", user, expires_in=-10)])
    assert follower.status("stopped") == "unauthorized"


def test_server_that_is_away_is_waited_for(follow: Follow) -> None:
    follower = follow(url="http://127.0.0.1:1")
    assert follower.status("connecting", "TypeError")
    follower.stop()


def test_apply_that_throws_has_the_copy_read_anew(add: Add, follow: Follow) -> None:
    follower = follow(fails=[2])
    follower.status("live")
    for name in ("one", "two", "three"):
        add(name)
    assert follower.status("behind") == "ApplyError"
    follower.status("live")
    assert follower.names() == ["one", "three", "two"]
    assert follower.figures()["readAll"] == 2


@pytest.mark.parametrize(
    "code", ["forbidden_channel", "unknown_channel", "invalid_request", "subscription_expired"]
)
def test_what_apply_throws_is_no_refusal(
    admin: psycopg.Connection, add: Add, follow: Follow, code: str
) -> None:
    follower = follow(fails=[1], error={"code": code})
    follower.status("live")
    add("one")
    assert follower.status("behind") == code
    follower.status("live")
    assert follower.names() == ["one"]
    assert leases(admin) == 1


def test_cursor_of_another_history_is_forgotten(
    admin: psycopg.Connection, add: Add, follow: Follow
) -> None:
    follower = follow()
    follower.status("live")
    admin.execute(
        "update wedsync_realtime.settings set cursor_secret = 'another, of 32 bytes and more'"
    )
    add("row")
    assert follower.status("behind") == "invalid_request"
    follower.status("live")
    assert follower.names() == ["row"]


def test_page_that_goes_gives_its_subscription_back_and_comes_again(
    admin: psycopg.Connection, add: Add, follow: Follow
) -> None:
    follower = follow()
    follower.status("live")
    follower.say("pagehide")
    follower.until(lambda: leases(admin) == 0)
    add("meanwhile")
    assert follower.names() == []
    follower.say("pageshow")
    follower.until(lambda: follower.names() == ["meanwhile"])
    assert follower.figures()["readAll"] == 1
    assert leases(admin) == 1


@pytest.mark.parametrize("woken", ["online", "show", "wake"])
def test_tab_that_slept_catches_up_at_once(add: Add, follow: Follow, woken: str) -> None:
    follower = follow(pollInterval=86_400_000)
    follower.status("live")
    add("row")
    assert follower.names() == []
    follower.say(woken)
    follower.until(lambda: follower.names() == ["row"])


def test_tab_that_nobody_sees_polls_as_seldom_as_it_may(
    admin: psycopg.Connection, add: Add, follow: Follow
) -> None:
    admin.execute(
        "update wedsync_realtime.settings set ping_interval = '12 h', stale_after = '24 h'"
    )
    follower = follow()
    follower.status("live")
    follower.say("hide")
    add("one")
    follower.until(lambda: follower.names() == ["one"])  # it was to poll once more
    add("two")
    assert follower.names() == ["one"]
    follower.say("show")
    follower.until(lambda: follower.names() == ["one", "two"])
