"""Fixtures: Supabase projects with an application in them, before the package comes."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from tests.support.cluster import Cluster
from tests.support.project import APPLICATION, as_admin, create_project, running_projects


@pytest.fixture(scope="package")
def projects() -> Iterator[Cluster]:
    """Yield a cluster with Supabase's roles."""
    with running_projects() as cluster:
        yield cluster


@pytest.fixture
def project(projects: Cluster) -> Iterator[str]:
    """Yield the URL of a project with an application, for postgres, who may deploy to it."""
    name = f"project_{uuid4().hex}"
    url = create_project(projects, name)
    with psycopg.connect(url) as connection:
        connection.execute(APPLICATION)
    yield url
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
