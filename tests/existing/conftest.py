"""Fixtures: Supabase projects with an application in them, without and with the package."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from tests.existing.project import APPLICATION, as_admin, create_project, running_projects
from tests.support.postgres.cluster import Cluster
from tests.support.postgres.deploy import deploy


def copy_project(cluster: Cluster, template: str, name: str) -> None:
    """Copy a project's database, to which nobody is connected."""
    with psycopg.connect(as_admin(cluster.dsn("postgres")), autocommit=True) as connection:
        connection.execute(
            f"create database {name} template {template} strategy file_copy owner postgres".encode()
        )


@pytest.fixture(scope="package")
def projects() -> Iterator[Cluster]:
    """Yield a cluster with Supabase's roles and two projects to clone."""
    with running_projects() as cluster:
        with psycopg.connect(create_project(cluster, "undeployed")) as connection:
            connection.execute(APPLICATION)
        copy_project(cluster, "undeployed", "deployed")
        url = cluster.dsn("deployed")
        deploy(url)
        with psycopg.connect(url) as connection:
            # a clone is a history of its own: without this its first upkeep would begin the feed
            # anew
            connection.execute("update wedsync_realtime.feed_horizon set epoch = null")
        yield cluster


@pytest.fixture
def deployed() -> None:
    """Ask for the package in the project."""


@pytest.fixture
def project(projects: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the URL of a project with an application, for postgres, who may deploy to it."""
    name = f"project_{uuid4().hex}"
    copy_project(projects, "deployed" if "deployed" in request.fixturenames else "undeployed", name)
    yield projects.dsn(name)
    with psycopg.connect(as_admin(projects.dsn("postgres")), autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)".encode())


@pytest.fixture
def developer(project: str) -> Iterator[psycopg.Connection]:
    """Yield a connection of postgres in autocommit mode."""
    with psycopg.connect(project, autocommit=True) as connection:
        yield connection


@pytest.fixture
def admin(project: str) -> Iterator[psycopg.Connection]:
    """Yield a superuser's connection in autocommit mode."""
    with psycopg.connect(as_admin(project), autocommit=True) as connection:
        yield connection
