"""Privileges: the owner of the definer functions has exactly what they use."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

import psycopg
import pytest

from tests.security.grants import takings
from tests.support.callers.people import People
from tests.support.callers.script import Cast, Line, prepare
from tests.support.callers.script_admin import day, in_one_minute, monitoring

OWNER = "wedsync_realtime_owner"
Play: TypeAlias = Callable[[psycopg.Connection, Cast], Iterator[Line]]


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


def first_difference(
    session: psycopg.Connection, cast: Cast, taking: str, play: Play, expected: list[Line]
) -> str | None:
    """Play without one grant; return the first line that goes wrong, or None."""

    def played() -> str | None:
        done = 0
        try:
            with session.transaction(force_rollback=True):
                session.execute(taking.encode())
                for line in play(session, cast):
                    if line != expected[done]:
                        return f"{line[0]}: another answer"
                    done += 1
        except psycopg.Error as error:
            return f"{expected[done][0]}: {error.diag.message_primary}"
        return None

    return in_one_minute(played)


def test_each_privilege_of_the_owner_is_needed(session: psycopg.Connection, cast: Cast) -> None:

    def answers(play: Play) -> list[Line]:
        with session.transaction(force_rollback=True):
            return list(play(session, cast))

    # Much of what is missing shows at the end of the day only, which is played alone first.
    plays = [(play, in_one_minute(partial(answers, play))) for play in (monitoring, day)]
    assert len(plays[1][1]) > 100

    def is_missed(taking: str) -> bool:
        return any(first_difference(session, cast, taking, *each) is not None for each in plays)

    # what differs from play to play would make every privilege look needed
    assert not is_missed("select 1")
    needless = [
        taking
        for taking in takings(session, OWNER)
        # from 18 on a gate that may not be read looks closed, and fails nobody
        if not (session.info.server_version >= 180000 and "wedsync_realtime.gate_" in taking)
        and not is_missed(taking)
    ]
    assert not needless, "\n".join(needless)


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
