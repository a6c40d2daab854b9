"""Removal of old events: whoever has not seen them reads anew, and once is enough."""

from uuid import UUID

import psycopg
import pytest

from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT, Listener, names

DAY = b"""
    select wedsync_realtime.add_partition(
        'wedsync_realtime.events', date_trunc('day', now(), 'UTC') - interval '9 days', '1 day'
    )
"""
AGE = "update wedsync_realtime.events set created_at = created_at - interval '9 days'"
REMOVE = "select wedsync_realtime.maintain_partitions()"


@pytest.fixture
def aged(admin: psycopg.Connection, listener: Listener, supplier: UUID) -> Listener:
    """Return a listener that has not seen the one event, which is past retention."""
    admin.execute(DAY)
    admin.execute(INSERT, (supplier, "aged"))
    admin.execute(AGE)
    return listener


def test_client_that_missed_what_was_removed_resyncs_once(
    admin: psycopg.Connection, aged: Listener, supplier: UUID
) -> None:
    admin.execute(REMOVE)
    assert aged.poll()["reason"] == "retention_passed"
    admin.execute(INSERT, (supplier, "recorded"))
    assert names(aged) == ["recorded"]


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_poll_in_a_snapshot_from_before_a_removal_passes_over_nothing(
    admin: psycopg.Connection, owner: Caller, aged: Listener, level: str
) -> None:
    admin.execute("checkpoint")
    owner.connection.execute(f"begin isolation level {level}".encode())
    owner.connection.execute("select 1 from public.realtime_subscriptions")
    admin.execute(REMOVE)
    assert aged.poll()["reason"] == "retention_passed"
    owner.connection.execute("commit")
