"""Snapshot, then stream: a copy read at the right moment and kept up ends equal to the table."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from uuid import UUID

import psycopg
import pytest

from tests.delivery.copy import Copy
from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT, ActAs, subscribed
from tests.support.callers.load import Threads
from tests.support.callers.people import People

LOOKS = "current_setting('transaction_isolation') like 'read %'"
LEVELS = ["read committed", "repeatable read", "serializable"]

Begin = Callable[..., psycopg.Connection]


@pytest.fixture
def begin(database: str) -> Iterator[Begin]:
    """Open connections on which a transaction of an isolation level has begun."""
    with ExitStack() as stack:

        def open_connection(level: str = "read committed") -> psycopg.Connection:
            connection = stack.enter_context(psycopg.connect(database, autocommit=True))
            connection.execute(f"begin isolation level {level}".encode())
            connection.execute("select")  # takes the snapshot, where there is one a transaction
            return connection

        yield open_connection


@pytest.fixture(autouse=True)
def quiet(database: str) -> None:
    """Switch NOTIFY off: PostgreSQL prepares no transaction that has used it."""
    with psycopg.connect(database) as connection:
        connection.execute("update wedsync_realtime.settings set notify_enabled = false")


def new_copy(owner: Caller, supplier: UUID, heeds_ready: bool = True) -> Copy:
    """Return a copy, still to be read, of a topic that becomes hot by it."""
    listener = subscribed(owner, "form-responses", {"supplier_id": str(supplier)})
    return Copy(listener, "public.form_responses", heeds_ready=heeds_ready)


def replace_in_dispatch(database: str, text: str, other: str) -> None:
    """Replace text in the trigger functions of the channel; it must be there."""
    with psycopg.connect(database) as connection:
        definitions = connection.execute(
            "select distinct pg_get_functiondef(t.tgfoid) from pg_trigger as t"
            " where t.tgrelid = 'public.form_responses'::regclass and t.tgname like '%%dispatch%%'"
            " and position(%s in pg_get_functiondef(t.tgfoid)) > 0",
            (text,),
        ).fetchall()
        assert definitions
        for (definition,) in definitions:
            connection.execute(definition.replace(text, other).encode())


@pytest.mark.parametrize("prepared", [False, True], ids=["open", "prepared"])
@pytest.mark.parametrize("heeds_ready", [True, False], ids=["heeding ready", "not heeding ready"])
def test_writer_from_before_the_first_subscription_needs_ready(
    begin: Begin, owner: Caller, supplier: UUID, prepared: bool, heeds_ready: bool
) -> None:
    writer = begin()
    writer.execute(INSERT, (supplier, "before the topic"))
    if prepared:
        writer.execute("prepare transaction 'before'")
    copy = new_copy(owner, supplier, heeds_ready)
    copy.follow()
    assert copy.rows == (None if heeds_ready else {})
    writer.execute("commit prepared 'before'" if prepared else "commit")
    copy.follow()
    assert (copy.rows == copy.visible()) is heeds_ready


def test_writer_prepares_after_the_first_poll(begin: Begin, owner: Caller, supplier: UUID) -> None:
    writer = begin()
    writer.execute(INSERT, (supplier, "before the topic"))
    copy = new_copy(owner, supplier)
    copy.follow()
    writer.execute("prepare transaction 'before'")
    copy.follow()
    assert copy.rows is None
    writer.execute("commit prepared 'before'")
    copy.follow()
    assert copy.rows is not None
    assert copy.rows == copy.visible()


@pytest.mark.parametrize("prepared", [False, True], ids=["open", "prepared"])
@pytest.mark.parametrize("level", LEVELS[1:])
@pytest.mark.parametrize("blind", [True, False], ids=["recording blindly", "looking for topics"])
def test_snapshot_from_before_the_topic_needs_blind_recording(
    database: str,
    begin: Begin,
    owner: Caller,
    supplier: UUID,
    blind: bool,
    level: str,
    prepared: bool,
) -> None:
    if not blind:
        replace_in_dispatch(database, LOOKS, "true")
    writer = begin(level)
    copy = new_copy(owner, supplier)
    copy.follow()
    assert copy.rows == {}
    writer.execute(INSERT, (supplier, "unaware of the topic"))
    copy.follow()
    if prepared:
        writer.execute("prepare transaction 'unaware'")
    writer.execute("commit prepared 'unaware'" if prepared else "commit")
    copy.follow()
    assert (copy.rows == copy.visible()) is blind


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("statement", ["truncate", "delete from", "update"])
def test_every_statement_reaches_a_topic_newer_than_its_snapshot(
    begin: Begin, owner: Caller, supplier: UUID, level: str, statement: str
) -> None:
    with_row = begin()
    with_row.execute(INSERT, (supplier, "there from the start"))
    with_row.execute("commit")
    writer = begin(level)
    copy = new_copy(owner, supplier)
    copy.follow()
    assert len(copy.rows or {}) == 1
    change = " set form_name = 'changed'" if statement == "update" else ""
    writer.execute(f"{statement} public.form_responses{change}".encode())
    writer.execute("commit")
    copy.follow()
    assert copy.rows == copy.visible()


def test_later_writers_do_not_delay_ready(begin: Begin, owner: Caller, supplier: UUID) -> None:
    before, after = begin(), begin()
    before.execute(INSERT, (supplier, "before the topic"))
    copy = new_copy(owner, supplier)
    copy.follow()
    after.execute(INSERT, (supplier, "after the first poll"))
    before.execute("commit")
    copy.follow()
    assert copy.rows is not None
    after.execute("commit")
    copy.follow()
    assert copy.rows == copy.visible()


def test_copies_begun_among_writers_of_every_kind_end_equal_to_the_table(
    database: str, people: People, act_as: ActAs
) -> None:
    """Each supplier's topic becomes hot while the writers write for all suppliers."""
    suppliers = [people.supplier(str(number)) for number in range(12)]
    callers = [act_as(people.supplier_user(supplier)) for supplier in suppliers]
    over = threading.Event()

    def write(number: int) -> None:
        rng = random.Random(number)
        with psycopg.connect(database, autocommit=True) as connection:
            while not over.is_set():
                connection.execute(f"begin isolation level {rng.choice(LEVELS)}".encode())
                for _ in range(rng.randint(1, 8)):
                    connection.execute(INSERT, (rng.choice(suppliers), str(number)))
                if rng.random() < 0.3:
                    connection.execute(f"prepare transaction '{number}'".encode())
                    connection.execute(f"commit prepared '{number}'".encode())
                else:
                    connection.execute("commit")

    writing = Threads(partial(write, number) for number in range(6))
    copies = []
    try:
        for caller, supplier in zip(callers, suppliers, strict=True):
            copies.append(new_copy(caller, supplier))
            while copies[-1].rows is None:
                copies[-1].step(max_events=7)
    finally:
        over.set()
        writing.join()
    for copy in copies:
        copy.follow()
        assert copy.rows == copy.visible()
        assert len(copy.rows) > 0
