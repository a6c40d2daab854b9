"""Standby: the order of changes where it cannot be told yet which of them are over."""

import psycopg
import pytest

from tests.standby.conftest import Pair
from tests.support.callers.listener import INSERT
from tests.support.postgres.servers import Server


def test_commits_out_of_order_are_each_told_once(pair: Pair, server: Server) -> None:
    with psycopg.connect(server.url("app")) as slow:
        slow.execute(INSERT, (pair.supplier, "slow"))
        pair.insert("quick")
        pair.catch_up()
        # A standby cannot tell what runs: it waits for whatever began before.
        assert pair.heard(pair.on_standby) == []
        slow.commit()
    pair.insert("late")
    pair.catch_up()
    assert pair.heard(pair.on_standby) == ["slow", "quick", "late"]
    assert pair.heard(pair.on_standby) == []
    assert pair.heard(pair.on_primary) == []


@pytest.mark.parametrize("resyncs", [False, True], ids=["cursor", "resync"])
def test_change_waits_for_an_earlier_one_of_a_younger_transaction(
    pair: Pair, server: Server, resyncs: bool
) -> None:
    """As long as the standby cannot tell the earlier one, the later would be taken back by it."""
    pair.insert("row", "other")
    if resyncs:
        pair.primary.execute("truncate public.form_responses")
        pair.insert("row", "other")
    else:
        assert pair.heard(pair.on_primary) == ["row", "other"]
    rename = "update public.form_responses set form_name = %s where form_name = %s"
    with psycopg.connect(server.url("app")) as old, psycopg.connect(server.url("app")) as open_one:
        old.execute(INSERT, (pair.supplier, "old"))
        pair.insert("before")
        open_one.execute(INSERT, (pair.supplier, "open"))
        pair.primary.execute(rename, ("young", "row"))
        old.execute(rename, ("old again", "young"))
        old.execute(rename, ("old, too", "other"))
        old.commit()
        pair.catch_up()
        pair.listener.caller = pair.on_standby
        answer = pair.listener.poll()
        assert answer["resyncRequired"] == resyncs
        told = [event["new"]["form_name"] for event in answer["events"]]
        assert told == ([] if resyncs else ["before"])
        assert not pair.listener.poll()["events"]
        open_one.commit()
    pair.catch_up()
    assert pair.heard(pair.on_standby) == ["old", "open", "young", "old again", "old, too"]
    assert pair.heard(pair.on_standby) == []


def test_standby_goes_on_beside_transactions_that_overlap(pair: Pair, server: Server) -> None:
    """Each begins before the one before it ends, and they change no row of each other."""
    with psycopg.connect(server.url("app")) as one, psycopg.connect(server.url("app")) as two:
        for number in range(6):
            current, other = (one, two) if number % 2 else (two, one)
            current.execute(INSERT, (pair.supplier, f"begin {number}"))
            pair.insert(f"beside {number}")
            other.execute(INSERT, (pair.supplier, f"end {number}"))
            other.commit()
        pair.catch_up()
        told = pair.heard(pair.on_standby)
    assert "beside 4" in told
    assert "beside 5" not in told
    pair.catch_up()
    assert pair.heard(pair.on_standby) == ["begin 5", "beside 5"]


def test_changes_that_follow_each_other_on_a_row_wait_together(pair: Pair, server: Server) -> None:
    pair.insert("row")
    assert pair.heard(pair.on_primary) == ["row"]
    touch = "update public.form_responses set status = %s where form_name = 'row'"
    with psycopg.connect(server.url("app")) as open_one:
        olds = [psycopg.connect(server.url("app")) for _ in range(60)]
        for old in olds:
            old.execute("select pg_current_xact_id()")
        open_one.execute(INSERT, (pair.supplier, "open"))
        pair.primary.execute(touch, ("young",))
        for number, old in enumerate(olds):
            old.execute(touch, (f"old {number}",))
            old.commit()
            old.close()
        pair.catch_up()
        assert pair.heard(pair.on_standby) == []
        open_one.commit()
    pair.catch_up()
    pair.listener.caller = pair.on_standby
    statuses = [event["new"]["status"] for event in pair.listener.events()]
    assert statuses == [None, "young", *(f"old {number}" for number in range(60))]


def test_change_waits_for_all_that_went_before_it_in_waiting_transactions(
    pair: Pair, server: Server
) -> None:
    """Also for what such a transaction recorded before anything that the standby cannot tell."""
    pair.insert("one", "two")
    assert pair.heard(pair.on_primary) == ["one", "two"]
    touch = "update public.form_responses set status = %s where form_name = %s"
    url = server.url("app")
    with (
        psycopg.connect(url) as oldest,
        psycopg.connect(url) as old,
        psycopg.connect(url) as open_one,
    ):
        oldest.execute("select pg_current_xact_id()")
        old.execute(touch, ("first", "one"))
        open_one.execute("select pg_current_xact_id()")
        pair.primary.execute(touch, ("young", "two"))
        old.execute(touch, ("old", "two"))
        old.commit()
        oldest.execute(touch, ("last", "one"))
        oldest.commit()
        pair.catch_up()
        assert pair.heard(pair.on_standby) == []
        open_one.commit()
    pair.catch_up()
    statuses = [event["new"]["status"] for event in pair.listener.events()]
    assert statuses == ["first", "young", "old", "last"]


def test_reset_waits_for_an_earlier_change_of_a_younger_transaction(
    pair: Pair, server: Server
) -> None:
    """Told after the copy was read anew, the change would bring a row back that is gone."""
    with psycopg.connect(server.url("app")) as old, psycopg.connect(server.url("app")) as open_one:
        old.execute("select pg_current_xact_id()")
        open_one.execute("select pg_current_xact_id()")
        pair.insert("gone")
        old.execute("truncate public.form_responses")
        old.commit()
        pair.catch_up()
        assert pair.heard(pair.on_standby) == []
        open_one.commit()
    pair.catch_up()
    answer = pair.listener.poll()
    assert (answer["reason"], answer["events"]) == ("truncated", [])
    pair.insert("kept")
    pair.catch_up()
    assert pair.heard(pair.on_standby) == ["kept"]
