"""Exactly once: every committed change reaches every cursor once, each row's in their order."""

import os
import random
import threading
from functools import partial
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.callers.listener import ActAs, subscribed
from tests.support.callers.load import (
    Poller,
    Threads,
    Writer,
    committed,
    difference,
    install_journal,
    told,
)
from tests.support.callers.people import People

WRITERS = 16
CHANGES = 100_000 if os.environ.get("WEDSYNC_LONG") else 500
TRANSACTIONS = 12  # of each writer, before it waits for the slowest poller
PAGES = (1, 7, 100)


@pytest.mark.timeout(3600)
def test_every_committed_change_reaches_every_cursor_once(
    database: str, people: People, act_as: ActAs, supplier: UUID
) -> None:
    """With savepoints, rollbacks, prepared transactions and one that is open throughout."""
    user = people.supplier_user(supplier)
    install_journal(database, supplier)
    pollers = [
        Poller(
            subscribed(
                act_as(user),
                "form-responses",
                {"supplier_id": str(supplier)},
                connection_id=uuid4(),
            ),
            page,
        )
        for page in PAGES
    ]

    writers = [Writer(supplier, number, random.Random(number)) for number in range(WRITERS)]

    def write(writer: Writer) -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            for _ in range(TRANSACTIONS):
                writer.transact(connection)
            writer.decide(connection)

    with psycopg.connect(database) as eldest:
        eldest.execute(
            "insert into public.form_responses (supplier_id, form_name) values (%s, 'eldest')",
            (supplier,),
        )
        stop = threading.Event()
        polling = Threads(partial(poller.run, database, user, stop) for poller in pollers)
        try:
            count = 0
            while count < CHANGES:
                Threads(partial(write, writer) for writer in writers).join()
                count = sum(map(len, committed(database).values()))
                while polling.running() and any(len(p.events) < count for p in pollers):
                    stop.wait(0.01)
        finally:
            stop.set()
            polling.join()
        # nobody has waited for the transaction that is still open
        truth = committed(database)
        for poller in pollers:
            assert not difference(truth, told(poller.events)), poller.page
        eldest.commit()

    for poller in pollers:
        (last,) = poller.listener.events()
        assert last["new"]["form_name"] == "eldest"
        ids = [event["id"] for event in poller.events]
        assert len(set(ids)) == len(ids)
