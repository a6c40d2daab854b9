"""Deployment by roles that lack something: told what to run as whom, exactly that suffices."""

import re
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from tests.support.postgres.cluster import Cluster, running_cluster
from tests.support.postgres.deploy import deploy
from tests.support.postgres.supabase import OBJECTS
from wedsync_realtime.deployment.deploy import migrate
from wedsync_realtime.errors import MissingPrivilegeError

AUTH = "create schema auth; create table auth.users (id uuid primary key);"
ROLES = [
    "anon", "authenticated", "service_role", "wedsync_realtime_owner", "wedsync_realtime_monitor",
]  # fmt: skip
CATALOG = """
    select count(*), (select count(*) from pg_roles) from pg_class
    where relnamespace::regnamespace::text !~ '^pg_(toast|temp)'
"""


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """Yield a cluster of its own, in which the package's roles come and go."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def forgotten(own_cluster: Cluster) -> None:
    """Drop the package's roles, with the databases that use them."""
    with own_cluster.connect() as connection:
        for (name,) in connection.execute(
            "select datname from pg_database where datname ~ '^(db_role|first)_'"
        ).fetchall():
            connection.execute(f"drop database {name} with (force)".encode())
        for role in ROLES:
            connection.execute(f"drop role if exists {role}".encode())


class Place:
    """A new role and a new database that belongs to it, unless said otherwise."""

    def __init__(self, cluster: Cluster, options: str, owner: str | None = None) -> None:
        self.role = f"role_{uuid4().hex[:8]}"
        with cluster.connect() as connection:
            connection.execute(f"create role {self.role} login {options}".encode())
            name = f"db_{self.role}"
            connection.execute(f"create database {name} owner {owner or self.role}".encode())
        self.admin_url = cluster.dsn(name)
        self.url = self.admin_url.replace("//postgres@", f"//{self.role}@", 1)

    def as_superuser(self, statements: str) -> None:
        """Run statements as the superuser, {role} standing for the role."""
        with psycopg.connect(self.admin_url) as connection:
            connection.execute(statements.replace("{role}", self.role).encode())

    def catalog(self) -> object:
        """Return a summary of what there is."""
        with psycopg.connect(self.admin_url) as connection:
            return connection.execute(CATALOG).fetchone()


def refusal_told(place: Place) -> MissingPrivilegeError:
    """Deploy, and return the refusal, before which nothing was changed."""
    before = place.catalog()
    with pytest.raises(MissingPrivilegeError) as refusal:
        migrate(place.url)
    assert place.catalog() == before
    return refusal.value


def statements_of(warnings: list[str]) -> str:
    """Return the statements that warnings tell a superuser to run."""
    return "; ".join(
        statement for warning in warnings for statement in re.findall(r' run "([^"]+)"', warning)
    )


@pytest.mark.parametrize(
    ("options", "setup", "told"),
    [
        ("createrole", "", ["may not create schemas", "may not use schema public or create in it"]),
        ("nocreaterole", "grant create on database {database} to {role};"
         " grant create on schema public to {role}",
         ["there is no role anon", "there is no role wedsync_realtime_monitor"]),
        ("createrole", AUTH + "grant create on database {database} to {role};"
         " grant create on schema public to {role}", ["may not use schema auth or create in it"]),
    ],
    ids=["foreign database", "no roles", "foreign auth"],
)  # fmt: skip
def test_what_is_missing_is_told_before_anything_changes(
    own_cluster: Cluster, options: str, setup: str, told: list[str]
) -> None:
    place = Place(own_cluster, options, owner="postgres")
    place.as_superuser(setup.replace("{database}", f"db_{place.role}"))
    refusal = refusal_told(place)
    for each in told:
        assert each in refusal.message
    place.as_superuser(refusal.fix.removeprefix("Run as a superuser:"))
    migrate(place.url)
    assert migrate(place.url).is_nothing


def test_deployed_before_by_somebody_else(own_cluster: Cluster) -> None:
    place = Place(own_cluster, "createrole")
    deploy(place.admin_url)
    refusal = refusal_told(place)
    assert "what was deployed before belongs to postgres" in refusal.message
    assert f"grant wedsync_realtime_owner to {place.role};" in refusal.fix
    place.as_superuser(refusal.fix.removeprefix("Run as a superuser:"))
    assert migrate(place.url).is_nothing


def test_role_that_may_not_become_the_owner_is_told(own_cluster: Cluster) -> None:
    deploy(own_cluster.create_database(f"first_{uuid4().hex}"))  # the roles are there, and others'
    place = Place(own_cluster, "nocreaterole")
    (warning,) = migrate(place.url).warnings
    assert warning.startswith(f"the definer functions have all privileges of {place.role}:")
    assert migrate(place.url).is_nothing
    place.as_superuser(statements_of([warning]))
    assert migrate(place.url).warnings == []


def test_publication_of_somebody_else(own_cluster: Cluster) -> None:
    place = Place(own_cluster, "createrole")
    place.as_superuser("create publication supabase_realtime")
    warnings = migrate(place.url).warnings
    assert len(warnings) == 7
    assert 'run "alter publication supabase_realtime add table public.clients"' in warnings[0]
    assert migrate(place.url).is_nothing
    place.as_superuser(statements_of(warnings))
    outcome = migrate(place.url)
    assert (outcome.is_nothing, outcome.warnings) == (True, [])


def test_users_of_somebody_else(own_cluster: Cluster) -> None:
    """Where they cannot be referred to, everything works but the end of their subscriptions."""
    place = Place(own_cluster, "createrole")
    place.as_superuser(
        AUTH + "grant usage, create on schema auth to {role};grant select on auth.users to {role}"
    )
    warnings = migrate(place.url).warnings
    assert len(warnings) == 1
    assert warnings[0].startswith("subscriptions outlive users who are deleted: as postgres")
    assert migrate(place.url).is_nothing
    place.as_superuser(statements_of(warnings))
    outcome = migrate(place.url)
    assert (outcome.refreshed, outcome.warnings) == (True, [])


def test_realtime_of_somebody_else(own_cluster: Cluster) -> None:
    """Broadcasts begin once the role may send them; until then nobody waits for them."""
    place = Place(own_cluster, "createrole")
    place.as_superuser(OBJECTS.decode())
    warnings = migrate(place.url).warnings
    assert len(warnings) == 2
    enabled = "select broadcast_enabled from wedsync_realtime.settings"
    with psycopg.connect(place.url, autocommit=True) as connection:
        assert connection.execute(enabled).fetchone() == (None,)
        assert migrate(place.url).is_nothing
        place.as_superuser(statements_of(warnings))
        outcome = migrate(place.url)
        assert (outcome.refreshed, outcome.warnings) == (True, [])
        assert connection.execute(enabled).fetchone() == (True,)
