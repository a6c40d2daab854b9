"""Replica copy: clients that follow the protocol end with what row level security shows them."""

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.delivery.copy import Copy
from tests.delivery.statements import OFTEN, Statements
from tests.support.callers.listener import ActAs, subscribed
from tests.support.callers.people import People

STATEMENTS = 1000 if os.environ.get("WEDSYNC_LONG") else 250
LEVELS = ["read committed", "repeatable read", "serializable"]


@pytest.fixture
def suppliers(people: People) -> list[UUID]:
    return [people.supplier(name) for name in ("Bloom", "Petal", "Thorn")]


@pytest.fixture
def copies(people: People, act_as: ActAs, suppliers: list[UUID]) -> list[Copy]:
    """Return a copy of each supplier's form responses, still to be read."""
    return [
        Copy(
            subscribed(
                act_as(people.supplier_user(supplier)),
                "form-responses",
                {"supplier_id": str(supplier)},
            ),
            "public.form_responses",
        )
        for supplier in suppliers
    ]


@pytest.fixture
def writers(database: str) -> Iterator[list[psycopg.Connection]]:
    with ExitStack() as stack:
        yield [stack.enter_context(psycopg.connect(database, autocommit=True)) for _ in range(2)]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1, 2])
def test_copies_equal_what_each_tenant_sees_after_random_statements(
    seed: int,
    writers: list[psycopg.Connection],
    copies: list[Copy],
    suppliers: list[UUID],
) -> None:
    """Statements come in transactions of any length and level, kept or rolled back.

    The clients look in at any time, also while one is open, and with pages of any size.
    """
    admin, writer = writers
    admin.execute("update wedsync_realtime.settings set event_bytes = 1024")
    rng = random.Random(seed)
    statements = Statements(suppliers, rng)
    used: set[str] = set()
    while statements.count < STATEMENTS:
        writer.execute(f"begin isolation level {rng.choice(LEVELS)}".encode())
        ran: list[str] = []
        for _ in range(rng.randint(1, 5)):
            ran.append(statements.run(writer))
            # whom TRUNCATE locks out cannot read
            if "truncate" not in ran and rng.random() < 0.2:
                rng.choice(copies).follow(rng.choice([1, 3, 100]))
        writer.execute(rng.choice(["commit", "commit", "rollback"]))
        used.update(ran)
        for copy in rng.sample(copies, rng.randint(0, len(copies))):
            copy.follow(rng.choice([1, 3, 100]))
            assert copy.rows == copy.visible(), f"{statements.count}: {ran}"

    assert used >= set(OFTEN)
    for copy in copies:
        copy.follow()
        assert copy.rows == copy.visible()
        assert len(copy.rows or {}) > 0


def test_copies_are_empty_after_truncate(
    writers: list[psycopg.Connection], copies: list[Copy], suppliers: list[UUID]
) -> None:
    admin, _ = writers
    for copy, supplier in zip(copies, suppliers, strict=True):
        copy.follow()
        admin.execute(
            "insert into public.form_responses (id, supplier_id) values (%s, %s)",
            (uuid4(), supplier),
        )
        copy.follow()
        assert len(copy.rows or {}) == 1
    admin.execute("truncate public.form_responses")
    for copy in copies:
        copy.follow()
        assert (copy.rows, copy.resyncs) == ({}, 1)
