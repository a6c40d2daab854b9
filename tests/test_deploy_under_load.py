"""A deployment to an application at work: its writers do not notice."""

from collections.abc import Iterator
from hashlib import md5
from uuid import UUID

import psycopg
import pytest

from tests.support.caller import caller
from tests.support.cluster import Cluster
from tests.support.deploy import deploy
from tests.support.listener import subscribed
from tests.support.project import APPLICATION, as_admin, create_project, running_projects
from tests.support.traffic import PATIENCE, Traffic, traffic

LISTENER = UUID(md5(b"user8").hexdigest())
SUPPLIER = UUID(md5(b"supplier8").hexdigest())
WRITTEN = "select id from public.form_responses where supplier_id = %s and id > 20000 order by id"
USERS = """
    insert into auth.users (id) select md5('user' || n)::uuid from generate_series(7, 8) as n;
    insert into public.user_profiles (id, user_type, supplier_id)
    select md5('user' || n)::uuid, 'supplier', md5('supplier' || n)::uuid
    from generate_series(7, 8) as n;
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
        connection.execute(USERS.encode())
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


def test_deployment_beside_listeners(project: str, request: pytest.FixtureRequest) -> None:
    """Policies, functions and triggers come anew, and no change of that time is lost."""
    deploy(project)
    with psycopg.connect(as_admin(project)) as connection:
        connection.execute(
            "alter publication supabase_realtime drop table public.clients;"
            "alter table public.form_responses replica identity default;"
            "drop trigger couples_after_delete_dispatch_7 on public.couples;"
            "delete from wedsync_realtime.deployed_scripts where kind <> 'migration'"
        )
    with caller(project, LISTENER) as user:
        listener = subscribed(user, "form-responses", {"supplier_id": str(SUPPLIER)})
        assert listener.poll()["ready"]
        with traffic(project) as seen:
            deploy(project)
        events = listener.events(max_events=1000)
    told = [event["new"]["id"] for event in events if event["eventType"] == "INSERT"]
    with psycopg.connect(project) as connection:
        written = connection.execute(WRITTEN, (SUPPLIER,)).fetchall()
    assert told == [key for (key,) in written]
    assert len(told) > 50
    check(seen, request)
