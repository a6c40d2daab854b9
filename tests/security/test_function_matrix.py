"""The matrix of role × function × expected: what is not named here fails, and so does each call."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.security.matrix import EXPECTED, LETTERS, READABLE, RELATIONS, ROLES
from tests.support.callers.script import become
from tests.support.postgres.cluster import Cluster
from tests.support.postgres.deploy import deploy

# The trigger functions compiled for the channels of the registry are known by their names' form.
FUNCTIONS = """
    select
        p.pronamespace::regnamespace || '.' || p.proname as name,
        p.prorettype = 'trigger'::regtype,
        case p.prokind when 'p' then 'call ' else 'select ' end
        || format('%s.%I(%s)', p.pronamespace::regnamespace, p.proname, (
            select string_agg('null::' || a.type::regtype, ', ' order by a.place)
            from unnest(p.proargtypes::oid[]) with ordinality as a (type, place)
        )),
        exists (
            select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
            where a.grantee = 0
        )
    from pg_proc as p
    where
        p.pronamespace in ('wedsync_realtime'::regnamespace, 'public'::regnamespace)
        and p.proname !~ '^dispatch_[a-z0-9_]+_(insert|update|delete)$'
        and not exists (
            select from pg_depend as d
            where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
        )
    order by 1
"""
# Each that somebody may call, with the letters of who may.
GRANTED = """
    select
        p.pronamespace::regnamespace || '.' || p.proname,
        string_agg(r.letter, '' order by r.place)
    from pg_proc as p
    cross join unnest(%s::text[], %s::text[]) with ordinality as r (letter, role, place)
    where
        p.pronamespace in ('wedsync_realtime'::regnamespace, 'public'::regnamespace)
        and has_function_privilege(r.role, p.oid, 'execute')
    group by p.oid
"""
COMPILED = """
    select 'wedsync_realtime.' || p.proname
    from pg_proc as p
    where
        p.pronamespace = 'wedsync_realtime'::regnamespace
        and p.proname ~ '^dispatch_[a-z0-9_]+_(insert|update|delete)$'
"""
# Supabase grants everything on what its role postgres creates in schema public.
SUPABASE = """
    alter default privileges in schema public
    grant all on tables to anon, authenticated, service_role;
    alter default privileges in schema public
    grant all on functions to anon, authenticated, service_role;
    alter default privileges in schema public
    grant all on sequences to anon, authenticated, service_role;
"""


@pytest.fixture(scope="module", params=["plain", "supabase"])
def session(
    request: pytest.FixtureRequest, cluster: Cluster, template: str
) -> Iterator[psycopg.Connection]:
    """Yield a superuser's connection to a database without and with Supabase's default grants."""
    plain = request.param == "plain"
    with (
        cluster.database(template if plain else None) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        if not plain:
            connection.execute(SUPABASE.encode())
            deploy(url)
        yield connection


def test_every_function_stands_in_the_matrix(session: psycopg.Connection) -> None:
    names = [name for name, *_ in session.execute(FUNCTIONS.encode())]
    assert len(names) == len(set(names))
    assert set(names) == set(EXPECTED)


def test_grants_are_those_of_the_matrix(session: psycopg.Connection) -> None:
    granted: dict[str, str] = dict(
        session.execute(GRANTED.encode(), (list(LETTERS), ROLES)).fetchall()
    )
    wrong = []
    for name, _, _, is_public in session.execute(FUNCTIONS.encode()).fetchall():
        if is_public or granted.get(name, "") != EXPECTED.get(name, ""):
            wrong.append((name, granted.get(name), EXPECTED.get(name), is_public))
    assert not wrong


@pytest.mark.parametrize("role", ROLES)
def test_calls_are_denied_and_allowed_as_the_matrix_says(
    session: psycopg.Connection, role: str
) -> None:
    wrong = []
    for name, is_trigger, statement, _ in session.execute(FUNCTIONS.encode()).fetchall():
        expected = "denied" if role not in _roles(name) else "allowed"
        # Called, a trigger function is refused for another reason; attached, it would run.
        answer = attach(session, role, name) if is_trigger else attempt(session, role, statement)
        if answer != expected:
            wrong.append((name, answer))
    assert not wrong


def attempt(session: psycopg.Connection, role: str, *statements: str) -> str:
    """Return whether a role is allowed to run statements, which are undone."""
    try:
        with session.transaction(force_rollback=True):
            become(session, role=role)
            for statement in statements:
                session.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        return "denied"
    except psycopg.Error:
        return "allowed"  # it ran, and minded the nulls
    return "allowed"


def attach(session: psycopg.Connection, role: str, function: str) -> str:
    """Return whether a role is allowed to attach a trigger function to a table of its own."""
    return attempt(
        session, role, "create temporary table attached ()",
        f"create trigger t after insert on attached execute function {function}()",
    )  # fmt: skip


def _roles(name: str) -> set[str]:
    return {LETTERS[letter] for letter in EXPECTED.get(name, "")}


def test_nobody_may_use_a_compiled_trigger_function(session: psycopg.Connection) -> None:
    names = [name for (name,) in session.execute(COMPILED.encode()).fetchall()]
    assert len(names) == 21
    answers = {attach(session, role, name) for name in names for role in ROLES}
    assert answers == {"denied"}


def test_tables_and_partitions_are_closed(session: psycopg.Connection) -> None:
    session.execute("select wedsync_realtime.maintain_partitions()")
    rows = session.execute(RELATIONS.encode(), (ROLES,)).fetchall()
    assert [row for (row,) in rows] == READABLE
