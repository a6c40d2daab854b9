"""An application's own tables: attached as they are, with other keys, columns and partitions."""

from hashlib import md5
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.deployment.test_deploy_unprivileged import played
from tests.existing.project import as_admin, create_project
from tests.security.matrix import READABLE, RELATIONS, ROLES
from tests.support.callers.caller import caller
from tests.support.callers.listener import subscribed
from tests.support.postgres.cluster import CRON_DATABASE, Cluster
from tests.support.postgres.supabase import supabase_template
from tests.support.waiting import until
from wedsync_realtime.deployment.deploy import migrate

# What of the application's objects a deployment has no business with; a file node that stays says
# that no row was written anew.
BEFORE = """
    select 'relation', c.oid::regclass::text, concat_ws(
        ' ', c.relfilenode, c.relkind, c.relrowsecurity, c.relnatts, c.reltuples
    )
    from pg_class as c
    where
        c.relnamespace in ('public'::regnamespace, 'auth'::regnamespace)
        and c.relname !~ '^realtime_'
    union all
    select 'column', a.attrelid::regclass || '.' || a.attname, concat_ws(
        ' ', a.atttypid::regtype, a.attnotnull, a.atthasdef
    )
    from pg_attribute as a
    inner join pg_class as c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and c.relname !~ '^realtime_' and a.attnum > 0
    union all
    select 'policy', p.tablename || '.' || p.policyname, concat_ws(' ', p.cmd, p.roles, p.qual)
    from pg_policies as p
    where p.roles <> '{wedsync_realtime_owner}' and p.tablename !~ '^realtime_'
    and p.schemaname in ('public', 'auth')
    union all
    select 'trigger', t.tgrelid::regclass || '.' || t.tgname, pg_get_triggerdef(t.oid)
    from pg_trigger as t
    inner join pg_proc as p on p.oid = t.tgfoid
    where
        p.pronamespace::regnamespace::text not in ('wedsync_realtime', 'pg_catalog')
    union all
    select 'grant', c.oid::regclass || ' ' || r.rolname, string_agg(p.name, ' ' order by p.name)
    from pg_class as c
    cross join pg_roles as r
    cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as p (name)
    where
        c.relnamespace in ('public'::regnamespace, 'auth'::regnamespace) and c.relkind in ('r', 'v')
        and c.relname !~ '^realtime_' and r.rolname in ('anon', 'authenticated', 'service_role')
        and has_table_privilege(r.oid, c.oid, p.name)
    group by c.oid, r.rolname
    order by 1, 2
"""
CHANNELS = (
    "select name, is_enabled, problem, key_columns from wedsync_realtime.channels order by id"
)
CHANGES = [
    (
        "supplier", "form-responses", "supplier_id", "id",
        "insert into public.form_responses (supplier_id) values (md5('supplier1')::uuid)",
        "update public.form_responses set answers = '[1]' where id > 20000",
        "delete from public.form_responses where id > 20000",
    ),
    (
        "supplier", "journey-progress", "supplier_id", "id",
        "insert into public.journey_progress values (7000, md5('supplier1')::uuid, 's',"
        " '2026-02-03')",
        "update public.journey_progress set at = '2026-09-10' where id = 7000",
        "delete from public.journey_progress_2026_2 where id = 7000",
    ),
    (
        "couple", "core-fields", "couple_id", "couple_id field",
        "insert into public.core_fields values (md5('couple1')::uuid, 'venue', '1')",
        "update public.core_fields set value = '2' where field = 'venue'",
        "delete from public.core_fields where field = 'venue'",
    ),
    (
        "supplier", "client-profiles", "supplier_id", "supplier_id number",
        "insert into public.clients values (md5('supplier1')::uuid, 8, md5('couple2')::uuid)",
        "update public.clients set notes = 'x' where (supplier_id, number)"
        " = (md5('supplier1')::uuid, 8)",
        "delete from public.clients where (supplier_id, number) = (md5('supplier1')::uuid, 8)",
    ),
    (
        "couple", "wedding-details", "wedding_id", "id",
        "insert into public.wedding_details values (gen_random_uuid(), md5('couple1')::uuid)",
        "update public.wedding_details set guests = 3 where guests is null",
        "delete from public.wedding_details where guests = 3",
    ),
]  # fmt: skip


def key(text: str) -> UUID:
    """Return the id that the application gives what is called so."""
    return UUID(md5(text.encode()).hexdigest())


def test_everything_of_the_application_stays(
    project: str, developer: psycopg.Connection, admin: psycopg.Connection
) -> None:
    admin.execute("analyze")
    before = admin.execute(BEFORE.encode()).fetchall()
    assert len(before) > 100
    assert migrate(project).warnings == []
    assert admin.execute(BEFORE.encode()).fetchall() == before
    assert {row[1:3] for row in developer.execute(CHANNELS)} == {(True, None)}
    assert migrate(project).is_nothing


@pytest.mark.usefixtures("deployed")
def test_nothing_of_the_package_is_open_to_anybody(project: str, admin: psycopg.Connection) -> None:
    """Though the default privileges of the project grant everything to everybody."""
    admin.execute("set role postgres; select wedsync_realtime.maintain_partitions(); reset role")
    assert [row for (row,) in admin.execute(RELATIONS.encode(), (ROLES,))] == READABLE
    definers = admin.execute(
        "select distinct p.proowner::regrole::text from pg_proc as p where p.prosecdef"
        " and p.pronamespace = 'wedsync_realtime'::regnamespace order by 1"
    ).fetchall()
    assert definers == [("postgres",), ("wedsync_realtime_owner",)]


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("change", CHANGES, ids=[change[1] for change in CHANGES])
def test_changes_are_told(
    project: str, developer: psycopg.Connection, change: tuple[str, ...]
) -> None:
    side, channel, filter_key, columns, *statements = change
    with caller(project, key(f"{side} user 1")) as user:
        listener = subscribed(user, channel, {filter_key: str(key(f"{side}1"))})
        for statement in statements:
            developer.execute(statement.encode())
        told: list[tuple[str, dict[str, Any]]] = [
            (event["eventType"], event["new"] or event["old"]) for event in listener.events()
        ]
    assert [operation for operation, _ in told] == ["INSERT", "UPDATE", "DELETE"]
    for column in columns.split():
        assert len({str(row[column]) for _, row in told}) == 1


def _stop_jobs(url: str) -> None:
    """Keep pg_cron from running jobs, and wait for those at work.

    A run that it gives up before it has begun keeps its row without an end.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("update cron.job set active = false")
        at_work = (
            "select count(*) from cron.job_run_details as d"
            " inner join pg_stat_activity as a on a.pid = d.job_pid where d.end_time is null"
        )
        until(lambda: connection.execute(at_work).fetchone() == (0,))


def _played_before_any_job(projects: Cluster) -> list[str]:
    """Deploy to a project with pg_cron and play, anew where a minute began: jobs leave figures."""
    url = create_project(projects)
    assert migrate(url).warnings == []
    assert migrate(url).is_nothing
    with psycopg.connect(url) as connection:
        jobs = connection.execute("select username, active from cron.job order by jobname")
        assert jobs.fetchall() == [("postgres", True)] * 4
    _stop_jobs(as_admin(url))
    lines = played(as_admin(url))
    with psycopg.connect(as_admin(url)) as connection:
        if connection.execute("select from cron.job_run_details limit 1").fetchone() is None:
            return lines
    with psycopg.connect(as_admin(projects.dsn("postgres")), autocommit=True) as connection:
        connection.execute(f"drop database {CRON_DATABASE} with (force)".encode())
        connection.execute(f"create database {CRON_DATABASE}".encode())
    return _played_before_any_job(projects)


def test_project_with_cron_plays_as_a_superusers_database(
    projects: Cluster, cluster: Cluster
) -> None:
    """A project without tables of an application, whose jobs pg_cron runs."""
    if not projects.has_cron:
        pytest.skip(f"{projects.bindir} comes without pg_cron")
    lines = _played_before_any_job(projects)
    with supabase_template(cluster) as name:
        assert lines == played(cluster.dsn(name))
