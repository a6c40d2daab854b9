"""Supabase Realtime in a test database: its objects, and who its server lets join and send."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.rows import dict_row

from tests.support.postgres.cluster import Cluster
from tests.support.postgres.deploy import deploy

OBJECTS = Path(__file__).with_suffix(".sql").read_bytes()
# What a project has before it has any table: API roles, and they get every privilege on it.
PROJECT = """
    do $$ declare v_role text; begin
        foreach v_role in array array['anon', 'authenticated', 'service_role'] loop
            if not exists (select from pg_roles where rolname = v_role) then
                execute format('create role %I nologin noinherit', v_role);
            end if;
            execute format('alter default privileges grant all on tables to %I', v_role);
            execute format('alter default privileges grant all on functions to %I', v_role);
            execute format('alter default privileges grant all on sequences to %I', v_role);
        end loop;
    end $$;
"""
SETTINGS = (
    "select set_config('role', %(role)s, true),"
    " set_config('realtime.topic', %(topic)s, true),"
    " set_config('request.jwt.claims', %(claims)s, true),"
    " set_config('request.jwt.claim.sub', %(sub)s, true),"
    " set_config('request.jwt.claim.role', %(role)s, true),"
    " set_config('request.headers', '{}', true)"
)
INSERT = "insert into realtime.messages (id, topic, extension) values (%s, %s, %s)"


@contextmanager
def supabase_template(cluster: Cluster) -> Iterator[str]:
    """Yield the name of a database in which the package was deployed beside Supabase Realtime."""
    name = f"supabase_{uuid4().hex}"
    with psycopg.connect(cluster.create_database(name)) as connection:
        connection.execute(OBJECTS)
    deploy(cluster.dsn(name))
    yield name
    cluster.drop_database(name)


def sent(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """Return the messages in the order of their events, calls to resync last."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select m.topic, m.extension, m.event, m.private, m.payload from realtime.messages m"
            " order by case when m.payload ? 'new' then (m.payload ->> 'id')::bigint end, m.topic"
        ).fetchall()


def joins(connection: psycopg.Connection, topic: str, claims: dict[str, Any] | str) -> set[str]:
    """Return the extensions, of broadcast and presence, for which a user may join a topic.

    Played as the server does it: a probe for each of them, looked for as the user, taken back.
    connection: the server's own, in autocommit mode.
    claims: of the user's token; text is passed on as it is.
    Raises psycopg.Error when a policy does, which the server takes for a refusal of all.
    """
    probes = {uuid4(): extension for extension in ("broadcast", "presence")}
    known = claims if isinstance(claims, dict) else {}
    settings = {
        "role": known.get("role", "authenticated"),
        "topic": topic,
        "claims": claims if isinstance(claims, str) else json.dumps(claims),
        "sub": known.get("sub", ""),
    }
    with connection.transaction(force_rollback=True):
        for probe, extension in probes.items():
            connection.execute(INSERT, (probe, topic, extension))
        connection.execute(SETTINGS, settings)
        seen = connection.execute(
            "select m.id from realtime.messages as m where m.id = any (%s)", (list(probes),)
        )
        return {probes[probe] for (probe,) in seen}


def may_send(connection: psycopg.Connection, topic: str, user: dict[str, Any]) -> bool:
    """Tell whether the user with these claims may send to a topic."""
    settings = {
        "role": user["role"], "topic": topic, "claims": json.dumps(user), "sub": user["sub"],
    }  # fmt: skip
    with connection.transaction(force_rollback=True):
        connection.execute(SETTINGS, settings)
        try:
            connection.execute(INSERT, (uuid4(), topic, "broadcast"))
        except psycopg.errors.InsufficientPrivilege:
            return False
        return True
