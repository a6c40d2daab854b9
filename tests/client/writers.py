"""Transactions on a supplier's form responses that overlap, chosen at random."""

from contextlib import ExitStack
from random import Random
from types import TracebackType
from typing import Self
from uuid import UUID

import psycopg

INSERT = (
    "insert into public.form_responses (supplier_id, form_name)"
    " select %(supplier)s, %(name)s || n from generate_series(1, %(count)s) as n"
)
SOME = (
    " where id in (select f.id from public.form_responses as f where f.supplier_id = %(of)s"
    " order by md5(f.id::text || %(name)s) limit %(count)s for update skip locked)"
)
UPDATE = "update public.form_responses set form_name = %(name)s" + SOME
MOVE = "update public.form_responses set supplier_id = %(to)s" + SOME
DELETE = "delete from public.form_responses" + SOME


class Writers:
    """Four connections. seed: of the choices. rival: whose rows come and go."""

    def __init__(self, url: str, seed: int, supplier: UUID, rival: UUID) -> None:
        self.random = Random(seed)
        self._suppliers = [supplier, rival]
        self._stack = ExitStack()
        self._connections = [self._stack.enter_context(psycopg.connect(url)) for _ in range(4)]

    def write(self, prefix: str = "") -> None:
        """Do one thing in one of the transactions, and perhaps end it. prefix: of names."""
        connection = self.random.choice(self._connections)
        of, to = self.random.sample(self._suppliers, 2)
        values = {
            "supplier": self._suppliers[0], "of": self._suppliers[0],
            "name": f"{prefix}{self.random.random():.9f} ", "count": self.random.randint(1, 3),
        }  # fmt: skip
        (statement,) = self.random.choices((INSERT, UPDATE, MOVE, DELETE), (4, 6, 2, 2))
        if statement == MOVE:
            values |= {"of": of, "to": to}
        connection.execute(statement.encode(), values)
        (end,) = self.random.choices((connection.commit, connection.rollback, None), (12, 1, 6))
        if end:
            end()

    def settle(self) -> None:
        """Commit what is open."""
        for connection in self._connections:
            connection.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
