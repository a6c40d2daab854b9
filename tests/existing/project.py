"""A Supabase project: a cluster with its roles, where postgres is no superuser."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.support.postgres.cluster import CRON_DATABASE, Cluster, running_cluster
from tests.support.postgres.supabase import OBJECTS

HERE = Path(__file__).parent
APPLICATION = (HERE / "application.sql").read_bytes()
PROJECT = (HERE / "project.sql").read_bytes()
# The superuser of a cluster cannot be made less, but be called otherwise.
ROLES = """
    create role anon nologin;
    create role authenticated nologin;
    create role service_role nologin bypassrls;
    create role authenticator login noinherit;
    grant anon, authenticated, service_role to authenticator;
    create role supabase_auth_admin login noinherit createrole;
    create role supabase_realtime_admin nologin noinherit;
    create role postgres login createdb createrole replication bypassrls;
    grant anon, authenticated, service_role to postgres with admin option;
    grant supabase_realtime_admin, pg_monitor to postgres;
"""
REALTIME_OWNER = "alter table realtime.messages owner to supabase_realtime_admin"
CRON = """
    create extension pg_cron;
    grant usage on schema cron to postgres;
    grant all on all tables in schema cron to postgres;
    revoke insert, update, delete on cron.job from postgres;
"""


def as_admin(url: str) -> str:
    """Return the URL of postgres as that of the superuser, supabase_admin."""
    return url.replace("//postgres@", "//supabase_admin@", 1)


@contextmanager
def running_projects() -> Iterator[Cluster]:
    """Run a cluster with Supabase's roles for the time of the context."""
    with running_cluster() as cluster:
        with cluster.connect() as connection:
            connection.execute("create role renamer login superuser")
        with psycopg.connect(
            cluster.dsn("postgres").replace("postgres@", "renamer@", 1), autocommit=True
        ) as connection:
            connection.execute("alter role postgres rename to supabase_admin")
            connection.execute(ROLES.encode())
        with psycopg.connect(as_admin(cluster.dsn("postgres")), autocommit=True) as connection:
            connection.execute("drop role renamer")
        yield cluster


def create_project(cluster: Cluster, name: str | None = None) -> str:
    """Create a project's database, and return its URL for postgres, who owns it.

    name: by default the database in which pg_cron works, with pg_cron.
    """
    with psycopg.connect(as_admin(cluster.dsn("postgres")), autocommit=True) as connection:
        database = name or CRON_DATABASE
        if name:
            connection.execute(f"create database {database}".encode())
        connection.execute(f"alter database {database} owner to postgres".encode())
    url = cluster.dsn(database)
    with psycopg.connect(as_admin(url)) as connection:
        connection.execute(PROJECT)
        connection.execute(OBJECTS)
        connection.execute(REALTIME_OWNER)
        if not name:
            connection.execute(CRON.encode())
    return url
