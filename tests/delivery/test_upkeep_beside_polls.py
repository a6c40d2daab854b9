"""Upkeep: dropping a day of the feed disturbs nobody who polls or writes meanwhile."""

import threading
from functools import partial
from uuid import UUID

import psycopg

from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT, Listener, subscribed
from tests.support.callers.load import Poller, Threads
from tests.support.callers.people import People
from tests.support.waiting import until

ROWS = 200_000  # enough to look through for a while before they are dropped
DAY = b"""
    select wedsync_realtime.add_partition(
        'wedsync_realtime.events', date_trunc('day', now(), 'UTC') - interval '9 days', '1 day'
    )
"""
UPKEEP = "select wedsync_realtime.maintain_partitions()"
FILL = """
    insert into wedsync_realtime.events (created_at, tenant_id, channel_id, operation)
    select now() - interval '9 days', gen_random_uuid(), 1, 'D' from generate_series(1, %s)
"""


def test_polls_and_writes_go_on_while_a_day_is_dropped(
    database: str, people: People, admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    admin.execute(DAY)
    admin.execute(FILL, (ROWS,))
    user = people.supplier_user(supplier)
    first = subscribed(owner, "form-responses", {"supplier_id": str(supplier)})
    pollers = [Poller(Listener(owner, first.channel, first.cursor), 100) for _ in range(3)]
    over = threading.Event()
    written: list[str] = []

    def write() -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            while not over.is_set():
                connection.execute(INSERT, (supplier, str(len(written))))
                written.append(str(len(written)))

    threads = Threads([write, *(partial(poller.run, database, user, over) for poller in pollers)])
    try:
        while not all(poller.events for poller in pollers):
            over.wait(0.01)
        # gives up where somebody is in the way, and is tried again
        until(lambda: admin.execute(UPKEEP).fetchone() != (0,))
    finally:
        over.set()
        threads.join()
    old = "select count(*) from wedsync_realtime.events where created_at < now() - interval '8 d'"
    assert admin.execute(old).fetchone() == (0,)
    for poller in pollers:
        while poller.once():
            pass
        assert [event["new"]["form_name"] for event in poller.events] == written
