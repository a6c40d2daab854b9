"""Writers that change form responses at random, a journal of the truth, and pollers beside them."""

import random
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg

from tests.support.callers.caller import caller
from tests.support.callers.listener import Listener

# Written under the lock of the row, by the transaction itself: so it has exactly what was
# committed, and each row's changes in the order in which they happened.
JOURNAL = b"""
    create table tests.journal
        (id bigint generated always as identity, row_id uuid, operation text, old text, new text);
    create function tests.write_journal() returns trigger language plpgsql security definer as $$
    begin
        insert into tests.journal (row_id, operation, old, new)
        values (coalesce(new.id, old.id), tg_op, old.form_name, new.form_name);
        return null;
    end $$;
    create trigger form_responses_after_change_journal
        after insert or update or delete on public.form_responses
        for each row execute function tests.write_journal();
    create index form_responses_status_idx on public.form_responses (status);
"""

Change = tuple[str, str | None, str | None]  # operation, form_name before and after
History = dict[str, list[Change]]  # by row


def install_journal(url: str, supplier: UUID) -> None:
    """Create the rows that all writers share, and begin the journal."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into public.form_responses (supplier_id, status, form_name)"
            " select %s, 'shared ' || n, 'shared' from generate_series(0, 4) as n",
            (supplier,),
        )
        connection.execute(JOURNAL)
        # PostgreSQL prepares no transaction that has notified somebody.
        connection.execute("update wedsync_realtime.settings set notify_enabled = false")


def committed(url: str) -> History:
    """Return what was committed, by row and in order."""
    history: History = defaultdict(list)
    with psycopg.connect(url) as connection:
        for row_id, *change in connection.execute(
            "select row_id::text, operation, old, new from tests.journal order by id"
        ):
            history[row_id].append((change[0], change[1], change[2]))
    return history


def told(events: Iterable[dict[str, Any]]) -> History:
    """Return what a poller was told, by row and in order."""
    history: History = defaultdict(list)
    for event in events:
        row = event["new"] or event["old"]
        history[row["id"]].append(
            (event["eventType"], event["old"].get("form_name"), event["new"].get("form_name"))
        )
    return history


def difference(truth: History, heard: History) -> str:
    """Return the first row whose history differs, for the message of an assertion; or nothing."""
    for row in truth.keys() | heard.keys():
        if truth.get(row) != heard.get(row):
            return f"{row}: committed {truth.get(row)}, told {heard.get(row)}"
    return ""


@dataclass
class Writer:
    """Changes rows of one supplier in transactions of every kind."""

    supplier: UUID
    number: int
    rng: random.Random
    prepared: str | None = None
    count: int = 0
    acknowledged: set[str] = field(default_factory=set)  # names of rows surely committed

    def transact(self, connection: psycopg.Connection) -> None:
        """Run one transaction on a connection in autocommit mode; a lost race is rolled back."""
        level = self.rng.choice(["read committed"] * 3 + ["repeatable read", "serializable"])
        prepares = self.prepared is None and self.rng.random() < 0.15
        connection.execute(f"begin isolation level {level}".encode())
        try:
            written = self._statements(connection, prepares)
        except (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected):
            connection.execute("rollback")
            return
        name = f"writer {self.number} {self.count}"
        if not prepares and self.rng.random() < 0.15:
            connection.execute("rollback")
        else:
            end = f"prepare transaction '{name}'" if prepares else "commit"
            try:
                connection.execute(end.encode())
            except psycopg.errors.SerializationFailure:
                return
            if prepares:
                self.prepared = name
            else:
                self.acknowledged |= written
        if self.prepared and not prepares:
            self.decide(connection)

    def decide(self, connection: psycopg.Connection) -> None:
        """Commit or roll back what is prepared."""
        end = "commit" if self.rng.random() < 0.7 else "rollback"
        if self.prepared:
            connection.execute(f"{end} prepared '{self.prepared}'".encode())
        self.prepared = None

    def _statements(self, connection: psycopg.Connection, prepares: bool) -> set[str]:
        """Run statements, some in savepoints; return the names of the rows inserted for good."""
        written: set[str] = set()
        # Nothing else may wait for what is prepared: there only new rows, which nobody picks.
        own = f"prepared {self.number}" if prepares else f"own {self.number}"
        steps = [self._insert] if prepares else [self._insert, self._update, self._delete]
        for step in range(70 if self.rng.random() < 0.01 else self.rng.randint(1, 4)):
            saves = self.rng.random() < 0.5
            if saves:
                connection.execute("savepoint step")
            names = self.rng.choice(steps)(connection, own)
            if saves and self.rng.random() < 0.4:
                connection.execute("rollback to savepoint step")
                names = set()
            elif saves and self.rng.random() < 0.5:
                connection.execute("release savepoint step")
            if step == 0 and not prepares:
                self._share(connection)
            written |= names
        return written

    def _name(self) -> str:
        self.count += 1
        return f"{self.number}.{self.count}"

    def _insert(self, connection: psycopg.Connection, own: str) -> set[str]:
        names = [self._name() for _ in range(self.rng.randint(1, 3))]
        connection.execute(
            "insert into public.form_responses (supplier_id, status, form_name)"
            " select %s, %s, unnest(%s::text[])",
            (self.supplier, own, names),
        )
        return set(names)

    def _update(self, connection: psycopg.Connection, own: str) -> set[str]:
        connection.execute(
            "update public.form_responses set form_name = %s where id in"
            " (select id from public.form_responses where status = %s limit %s)",
            (self._name(), own, self.rng.randint(1, 3)),
        )
        return set()

    def _delete(self, connection: psycopg.Connection, own: str) -> set[str]:
        connection.execute(
            "delete from public.form_responses where id ="
            " (select id from public.form_responses where status = %s limit 1)",
            (own,),
        )
        return set()

    def _share(self, connection: psycopg.Connection) -> None:
        """Change a row that all writers change: one a transaction, or they would deadlock."""
        if self.rng.random() < 0.5:
            connection.execute(
                "update public.form_responses set form_name = %s where status = %s",
                (self._name(), f"shared {self.rng.randint(0, 4)}"),
            )


@dataclass
class Poller:
    """Polls one subscription in pages of one size, and keeps what it was told."""

    listener: Listener
    page: int
    events: list[dict[str, Any]] = field(default_factory=list)

    def once(self) -> bool:
        """Poll once; return whether there may be more."""
        answer = self.listener.poll(max_events=self.page)
        assert answer["success"], answer.body
        assert not answer["resyncRequired"], answer.body
        assert len(answer["events"]) <= self.page
        self.events += answer["events"]
        return bool(answer["events"] or answer["hasMore"])

    def run(self, url: str, user: UUID, stop: threading.Event) -> None:
        """Poll on a connection of its own until told to stop and nothing is left."""
        usual = self.listener.caller
        with caller(url, user) as self.listener.caller:
            while not stop.is_set() or self.once():
                self.once()
        self.listener.caller = usual


class Threads:
    """Threads whose failures are raised where they are joined."""

    def __init__(self, jobs: Iterable[Callable[[], None]]) -> None:
        self._failures: list[BaseException] = []
        self._threads = [threading.Thread(target=self._guard, args=(job,)) for job in jobs]
        for thread in self._threads:
            thread.start()

    def running(self) -> bool:
        """Return whether all of them still run."""
        return all(thread.is_alive() for thread in self._threads)

    def join(self) -> None:
        """Wait for all; raise the first failure."""
        for thread in self._threads:
            thread.join()
        if self._failures:
            raise self._failures[0]

    def _guard(self, job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as failure:
            self._failures.append(failure)
