"""Privileges: the owner of the definer functions has exactly what they use."""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest

import psycopg
import pytest

from tests.security.grants import takings
from tests.support.callers.people import People
from tests.support.callers.script import Cast, Line, Part, become, prepare
from tests.support.callers.script_admin import DAY, in_one_minute
from tests.support.callers.script_monitoring import MONITORING

OWNER = "wedsync_realtime_owner"
GATES = """
    select c.oid::regclass::text, pg_sequence_last_value(c.oid) is not null from pg_class as c
    where c.relnamespace = 'wedsync_realtime'::regnamespace and c.relname like 'gate\\_%'
"""


@pytest.fixture
def cast(people: People) -> Iterator[Cast]:
    """Yield the prepared cast, older than which a transaction is running all the while."""
    with psycopg.connect(people.url) as old:
        old.execute("select pg_current_xact_id()")
        yield prepare(people)


@pytest.fixture
def session(database: str) -> Iterator[psycopg.Connection]:
    """Yield a superuser's connection in autocommit mode."""
    with psycopg.connect(database, autocommit=True) as connection:
        # What PUBLIC may do would hide what the owner may.
        connection.execute("revoke all on schema public from public")
        yield connection


@dataclass
class Scene:
    """A part of the day before it is played: what it answers, and which grants it misses.

    gates: each with whether it is open, which a rollback does not undo.
    """

    session: psycopg.Connection
    cast: Cast
    part: Part
    gates: list[tuple[str, bool]]
    expected: dict[int, list[Line]] = field(default_factory=dict)  # by the minute

    def missed(self, takings: Sequence[str], is_known: bool = False) -> list[str]:
        """Return those of the statements without whose grant alone an answer is another.

        Where none of many is missed, one play shows it.
        is_known: something is missed without all of them.
        """
        half = len(takings) // 2
        if not (is_known and half) and not in_one_minute(partial(self._differs, takings)):
            return []
        if not half:
            return [*takings]
        missed = self.missed(takings[:half])
        return missed + self.missed(takings[half:], is_known=not missed)

    def _differs(self, takings: Sequence[str]) -> bool:
        minute = int(time.time() // 60)
        if minute not in self.expected:
            with self._playing() as lines:
                self.expected[minute] = list(lines)
        try:
            with self._playing(*takings) as lines:
                both = zip_longest(lines, self.expected[minute])
                return any(told != expected for told, expected in both)
        except psycopg.Error:
            return True

    @contextmanager
    def _playing(self, *takings: str) -> Iterator[Iterator[Line]]:
        """Yield the lines of the part without some grants; all of it is undone."""
        with self.session.transaction(force_rollback=True):
            for gate in self.gates:
                self.session.execute("select setval(%s, 1, %s)", gate)
            self.session.execute("; ".join(takings).encode())
            yield self.part(self.session, self.cast)


def needless(
    session: psycopg.Connection, cast: Cast, parts: Iterable[Part], takings: list[str]
) -> tuple[list[str], int]:
    """Play the parts one after another.

    Return the statements whose grants none of them misses, and how many lines were played.
    """
    played = 0
    with session.transaction(force_rollback=True):
        for part in parts:
            become(session)
            scene = Scene(session, cast, part, session.execute(GATES).fetchall())
            # what differs from play to play would make every privilege look needed
            assert not scene.missed(["select 1"])
            if takings:
                missed = scene.missed(takings)
                takings = [taking for taking in takings if taking not in missed]
            played += len(list(part(session, cast)))
    return takings, played


def test_each_privilege_of_the_owner_is_needed(session: psycopg.Connection, cast: Cast) -> None:
    exempt = "can_schedule"  # asked where pg_cron is installed
    if session.info.server_version >= 180000:
        # there a sequence that may not be read looks unused: a gate looks closed, which hides what
        # else would be missed
        exempt += r"|wedsync_realtime\.gate_|resets_id_seq"
    left = [taking for taking in takings(session, OWNER) if not re.search(exempt, taking)]
    assert len(left) > 100
    # Much of what is missing shows at the end of the day only, which is played alone first.
    left, played = needless(session, cast, MONITORING, left)
    assert played > 80
    left, played = needless(session, cast, DAY, left)
    assert played > 200
    assert not left, "\n".join(left)


def test_owner_is_no_more_than_an_owner(session: psycopg.Connection) -> None:
    row = session.execute(
        "select r.rolcanlogin, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb,"
        " r.rolreplication, r.rolinherit,"
        " (select count(*) from pg_auth_members as m where m.member = r.oid),"
        " (select count(*) from pg_class as c where c.relowner = r.oid)"
        " from pg_roles as r where r.rolname = %s",
        (OWNER,),
    ).fetchone()
    assert row == (False, False, False, False, False, False, False, 0, 0)
