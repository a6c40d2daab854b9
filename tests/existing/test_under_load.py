"""A deployment to an application at work: its writers do not notice."""

from hashlib import md5
from uuid import UUID

import psycopg
import pytest

from tests.existing.project import as_admin
from tests.existing.traffic import QUICK, Traffic, traffic
from tests.support.callers.caller import caller
from tests.support.callers.listener import subscribed
from tests.support.postgres.deploy import deploy

LISTENER = UUID(md5(b"user8").hexdigest())
SUPPLIER = UUID(md5(b"supplier8").hexdigest())
WRITTEN = "select id from public.form_responses where supplier_id = %s and id > 20000 order by id"
DETACH = """
    do $$
    declare
        v_trigger record;
    begin
        for v_trigger in
            select t.tgname, t.tgrelid::regclass as relation
            from pg_trigger as t
            where t.tgname ~ '_dispatch_' or t.tgname ~ '_revoke$'
        loop
            execute format('drop trigger %I on %s', v_trigger.tgname, v_trigger.relation);
            execute format('alter table only %s replica identity default', v_trigger.relation);
        end loop;
    end
    $$
"""
USERS = """
    insert into auth.users (id) select md5('user' || n)::uuid from generate_series(7, 8) as n;
    insert into public.user_profiles (id, user_type, supplier_id)
    select md5('user' || n)::uuid, 'supplier', md5('supplier' || n)::uuid
    from generate_series(7, 8) as n;
"""


@pytest.fixture
def busy_project(project: str, developer: psycopg.Connection) -> str:
    """Return the URL of a project whose users are there."""
    developer.execute(USERS.encode())
    return project


def check(seen: Traffic, longest: float = QUICK) -> None:
    """Fail where a writer failed, or a table was locked for longer than so many milliseconds.

    longest: where the machine is quick. A look at the locks takes one of them; where it takes
    longer, everything may.
    """
    print(f"{seen.transactions} writes, slowest {seen.slowest:.0f} ms; locks: {seen.held}")
    assert not seen.failures, "\n".join(seen.failures)
    assert max(seen.held.values(), default=0.0) < longest + 10 * seen.stalled


def test_first_deployment(busy_project: str) -> None:
    with traffic(busy_project) as seen:
        deploy(busy_project)
    assert len(seen.held) >= 3, "the watch saw too little"
    check(seen)


@pytest.mark.usefixtures("deployed")
def test_all_tables_at_one_moment(busy_project: str, admin: psycopg.Connection) -> None:
    """As `supabase db push` attaches them, in one transaction."""
    admin.execute(DETACH.encode())
    with (
        traffic(busy_project, reports=False) as seen,
        psycopg.connect(busy_project, application_name="wedsync-realtime") as connection,
    ):
        row = connection.execute("select wedsync_realtime.attach_tables()").fetchone()
    assert row
    assert row[0] > 40
    # here the locks that are there wait for those that are not: nobody fails, but it takes longer
    check(seen, longest=500)


@pytest.mark.usefixtures("deployed")
def test_deployment_beside_listeners(busy_project: str) -> None:
    """Policies, functions and triggers come anew, and no change of that time is lost."""
    with psycopg.connect(as_admin(busy_project)) as connection:
        connection.execute(
            "alter publication supabase_realtime drop table public.clients;"
            "alter table public.form_responses replica identity default;"
            "drop trigger couples_after_delete_dispatch_7 on public.couples;"
            "delete from wedsync_realtime.deployed_scripts where kind <> 'migration'"
        )
    with caller(busy_project, LISTENER) as user:
        listener = subscribed(user, "form-responses", {"supplier_id": str(SUPPLIER)})
        assert listener.poll()["ready"]
        with traffic(busy_project) as seen:
            deploy(busy_project)
        events = listener.events(max_events=1000)
    told = [event["new"]["id"] for event in events if event["eventType"] == "INSERT"]
    with psycopg.connect(busy_project) as connection:
        written = connection.execute(WRITTEN, (SUPPLIER,)).fetchall()
    assert told == [key for (key,) in written]
    assert len(told) > 50
    check(seen)
