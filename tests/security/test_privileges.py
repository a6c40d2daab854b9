"""Privileges: the owner of the definer functions has exactly what they use."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.security.grants import takings
from tests.support.people import People
from tests.support.script import Cast, prepare
from tests.support.script_admin import day, in_one_minute

OWNER = "wedsync_realtime_owner"


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
    session: psycopg.Connection, cast: Cast, taking: str, expected: list[Any]
) -> str | None:
    """Play the day without one grant; return the first line that goes wrong, or None."""

    def play() -> str | None:
        done = 0
        try:
            with session.transaction(force_rollback=True):
                session.execute(taking.encode())
                for line in day(session, cast):
                    if line != expected[done]:
                        return f"{line[0]}: another answer"
                    done += 1
        except psycopg.Error as error:
            return f"{expected[done][0]}: {error.diag.message_primary}"
        return None

    return in_one_minute(play)


def test_each_privilege_of_the_owner_is_needed(session: psycopg.Connection, cast: Cast) -> None:

    def play() -> list[Any]:
        with session.transaction(force_rollback=True):
            return list(day(session, cast))

    expected = in_one_minute(play)
    assert len(expected) > 100
    # what differs from play to play would make every privilege look needed
    assert first_difference(session, cast, "select 1", expected) is None
    needless = [
        taking
        for taking in takings(session, OWNER)
        # from 18 on a gate that may not be read looks closed, and fails nobody
        if not (session.info.server_version >= 180000 and "wedsync_realtime.gate_" in taking)
        and first_difference(session, cast, taking, expected) is None
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
