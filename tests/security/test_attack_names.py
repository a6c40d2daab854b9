"""An attacker with SQL: names in front of the package's own, and settings that change meaning."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.security.shadows import install_shadows, make_shadows
from tests.support.callers.script import Cast, Line, become, tracked, users
from tests.support.postgres.cluster import Cluster

HOSTILE_PATH = "pg_temp, hostile, public, wedsync_realtime, pg_catalog"

# Without a search_path of its own: the attack must work on it, or the test shows nothing.
UNPINNED = b"""
    create function wedsync_realtime.unpinned(way integer) returns void language plpgsql
    security definer as $$
    begin
        if way operator(pg_catalog.=) 1 then perform 1 from pg_class limit 1;
        elsif way operator(pg_catalog.=) 2 then perform 'x'::uuid;
        elsif way operator(pg_catalog.=) 3 then perform md5('x');
        else perform 'a' || 'b';
        end if;
    end $$;
    grant execute on function wedsync_realtime.unpinned to authenticated;
"""

SETTINGS = {
    "timezone": "<mars>+12:34",
    "datestyle": "German, DMY",
    "intervalstyle": "sql_standard",
    "bytea_output": "escape",
    "xmlbinary": "hex",
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "backslash_quote": "on",
    "transform_null_equals": "on",
    "array_nulls": "off",
    "quote_all_identifiers": "on",
    "plan_cache_mode": "force_generic_plan",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_tablespace": "pg_default",
    "check_function_bodies": "off",
    "enable_indexscan": "off",
    "enable_seqscan": "off",
    "work_mem": "64kB",
    "temp_buffers": "800kB",
    "client_encoding": "LATIN1",
    "jit": "on",
    "jit_above_cost": "0",
    "wedsync_realtime.ending": "forged/by the attacker",
    "response.status": "200",
    "request.jwt.claim.role": "service_role",
    "request.jwt.claim": '{"sub": "00000000-0000-0000-0000-000000000000"}',
    "request.headers": "no headers",
}


def play(session: psycopg.Connection, cast: Cast, settings: dict[str, str]) -> list[Line]:
    """Play the script under settings made last, undo it, and return answers, leases and audit."""
    with session.transaction(force_rollback=True):
        become(session, cast.owner_user)
        for name, value in settings.items():
            session.execute("select pg_catalog.set_config(%s, %s, true)", (name, value))
        return [*users(session, cast), *tracked(session)]


def test_names_in_front_of_the_package_never_run(
    database: str, session: psycopg.Connection, cast: Cast
) -> None:
    # In a session of its own: plans made before the attacker's objects would not see them.
    with psycopg.connect(database, autocommit=True) as another:
        expected = play(another, cast, {})
    install_shadows(session)
    made = make_shadows(session)
    assert {kind: len(names) > 15 for kind, names in made.items()} == dict.fromkeys(
        ["relation", "type", "function", "operator"], True
    )
    assert {"pg_class", "pg_locks", "channels", "settings", "topics"} <= made["relation"]
    assert {"uuid", "jsonb", "text", "timestamptz", "pg_snapshot"} <= made["type"]
    assert {"set_config", "md5", "jsonb_build_object", "caller_id", "may_hear"} <= made["function"]
    assert {"=", "<", "->>", "||", "@>"} <= made["operator"]
    assert play(session, cast, {"search_path": HOSTILE_PATH}) == expected


@pytest.fixture(scope="module")
def attacker(cluster: Cluster, template: str) -> Iterator[psycopg.Connection]:
    """Yield a session of role authenticated with shadows and a function that falls for them."""
    with (
        cluster.database(template) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        install_shadows(connection)
        connection.execute(UNPINNED)
        make_shadows(connection)
        connection.execute("set role authenticated")
        connection.execute(
            "select pg_catalog.set_config('search_path', %s, false)", (HOSTILE_PATH,)
        )
        yield connection


@pytest.mark.parametrize("way", [1, 2, 3, 4], ids=["relation", "type", "function", "operator"])
def test_attack_works_on_a_function_without_a_search_path(
    attacker: psycopg.Connection, way: int
) -> None:
    with pytest.raises(psycopg.Error, match=r"attacker's \S+ ran as"):
        attacker.execute("select wedsync_realtime.unpinned(%s)", (way,))


def test_settings_of_the_session_change_nothing(session: psycopg.Connection, cast: Cast) -> None:
    expected = play(session, cast, {})
    different: list[tuple[Any, ...]] = []
    for name, value in SETTINGS.items():
        try:
            answers = play(session, cast, {name: value})
        except psycopg.Error as error:
            different.append((name, value, str(error)))
            continue
        different += [
            (name, value, got, wanted)
            for got, wanted in zip(answers, expected, strict=False)
            if got != wanted
        ][:1]
    assert not different


def test_row_security_off_makes_a_call_fail_and_opens_nothing(
    session: psycopg.Connection, cast: Cast
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        play(session, cast, {"row_security": "off"})


def test_role_changes_of_the_session_give_nothing(session: psycopg.Connection, cast: Cast) -> None:
    with session.transaction(force_rollback=True):
        become(session, cast.rival_user)
        for role in ("wedsync_realtime_owner", "service_role", "wedsync_realtime_monitor"):
            # What a session that is no superuser's may not do: set role checks the session user.
            (member,) = session.execute(
                "select pg_catalog.pg_has_role('authenticated', %s, 'member')", (role,)
            ).fetchone() or (None,)
            assert member is False, role
