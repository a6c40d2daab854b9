"""A deployment to an application at work: its writers do not notice."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.support.cluster import Cluster
from tests.support.deploy import deploy
from tests.support.project import APPLICATION, as_admin, create_project, running_projects
from tests.support.traffic import PATIENCE, Traffic, traffic

USER = """
    insert into auth.users (id) values (md5('user7')::uuid);
    insert into public.user_profiles (id, user_type, supplier_id)
    values (md5('user7')::uuid, 'supplier', md5('supplier7')::uuid);
"""


@pytest.fixture(scope="module")
def projects() -> Iterator[Cluster]:
    """Yield a cluster with Supabase's roles."""
    with running_projects() as cluster:
        yield cluster


@pytest.fixture
def project(projects: Cluster, request: pytest.FixtureRequest) -> str:
    """Return the URL of a project with an application in it."""
    url = create_project(projects, f"app_{request.node.name}")
    with psycopg.connect(url) as connection:
        connection.execute(APPLICATION)
        connection.execute(USER.encode())
    return url


def check(seen: Traffic, record: pytest.FixtureRequest) -> None:
    """Fail where a writer failed or a table was locked for longer than a writer may wait."""
    longest = max(seen.held.values(), default=0.0)
    record.node.user_properties.append(("longest lock, ms", round(longest)))
    print(f"{seen.transactions} writes, slowest {seen.slowest:.0f} ms; locks: {seen.held}")
    assert not seen.failures, "\n".join(seen.failures)
    assert longest < PATIENCE


def test_first_deployment(project: str, request: pytest.FixtureRequest) -> None:
    with traffic(project) as seen:
        deploy(project)
    assert len(seen.held) >= 3, "the watch saw too little"
    check(seen, request)


def test_deployment_that_attaches_again(project: str, request: pytest.FixtureRequest) -> None:
    deploy(project)
    with psycopg.connect(as_admin(project)) as connection:
        connection.execute(
            "alter publication supabase_realtime drop table public.clients;"
            "alter table public.form_responses replica identity default;"
            "delete from wedsync_realtime.deployed_scripts where kind <> 'migration'"
        )
    with traffic(project) as seen:
        deploy(project)
    check(seen, request)
