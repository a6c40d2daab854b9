"""Deployment by a role that is no superuser: everything works as after a superuser's."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.support.callers.people import People, install_helpers
from tests.support.callers.script import prepare
from tests.support.callers.script_admin import day, in_one_minute
from tests.support.postgres.cluster import Cluster, running_cluster
from tests.support.postgres.deploy import deploy

DEFINERS = """
    select distinct p.proowner::regrole::text
    from pg_proc as p
    where
        p.pronamespace = 'wedsync_realtime'::regnamespace
        and p.prosecdef
        and p.proname not in ('broadcast_events', 'lock_user', 'open_transactions')
"""


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """Yield a cluster of its own, because roles belong to clusters."""
    with running_cluster() as cluster:
        yield cluster


def played(url: str) -> list[str]:
    """Play the scripted day on a database and return its lines as text."""
    with psycopg.connect(url, autocommit=True) as connection:
        install_helpers(connection)
        cast = prepare(People(url))

        def play() -> list[str]:
            with connection.transaction(force_rollback=True):
                return [str(line) for line in day(connection, cast)]

        return in_one_minute(play)


def definers(url: str) -> list[str]:
    """Return who owns definer functions."""
    with psycopg.connect(url) as connection:
        return [owner for (owner,) in connection.execute(DEFINERS.encode())]


def deploy_as(cluster: Cluster, role: str, options: str) -> str:
    """Deploy twice as a new role into a new database that it owns; return its superuser URL."""
    with cluster.connect() as connection:
        connection.execute(f"create role {role} login {options}".encode())
        connection.execute(f"create database {role} owner {role}".encode())
    url = cluster.dsn(role)
    for _ in range(2):
        deploy(url.replace("postgres@", f"{role}@"))
    return url


def test_role_that_may_create_roles_deploys_all(own_cluster: Cluster, database: str) -> None:
    url = deploy_as(own_cluster, "platform", "createrole")
    assert definers(url) == ["wedsync_realtime_owner"]
    assert played(url) == played(database)  # a superuser's


def test_role_that_may_not_keeps_the_functions_itself(own_cluster: Cluster) -> None:
    with own_cluster.connect() as connection:
        owner = connection.execute("select to_regrole('wedsync_realtime_owner')").fetchone()
    if owner == (None,):  # of another test: the roles are there, and others'
        deploy(own_cluster.create_database("before"))
    url = deploy_as(own_cluster, "tenant", "nocreaterole")
    assert definers(url) == ["tenant"]
    assert played(url)
