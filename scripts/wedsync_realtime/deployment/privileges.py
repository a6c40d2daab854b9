"""Ask, before anything is changed, whether this role may deploy to this database."""

from typing import Any

from psycopg import Connection

from wedsync_realtime.errors import MissingPrivilegeError

# A row for each thing that is missing: what it is, and the statement that mends it.
_MISSING = """
    select 'it may not create schemas in the database',
        pg_catalog.format(
            'grant create on database %I to %I', pg_catalog.current_database(), current_user
        )
    where
        not pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create')
        and (
            select count(*) from pg_catalog.pg_namespace as n
            where n.nspname in ('wedsync_realtime', 'auth')
        ) < 2
    union all
    select 'there is no schema public in the database',
        pg_catalog.format('create schema public authorization %I', current_user)
    where not exists (select from pg_catalog.pg_namespace as n where n.nspname = 'public')
    union all
    select 'it may not create temporary tables',
        pg_catalog.format(
            'grant temporary on database %I to %I', pg_catalog.current_database(), current_user
        )
    where not pg_catalog.has_database_privilege(pg_catalog.current_database(), 'temporary')
    union all
    select 'it may not use schema ' || n.nspname || ' or create in it',
        pg_catalog.format('grant usage, create on schema %I to %I', n.nspname, current_user)
    from pg_catalog.pg_namespace as n
    where
        (
            n.nspname = 'public'
            or n.nspname = 'auth' and (
                select count(*) from (
                    select c.relname from pg_catalog.pg_class as c
                    where c.relnamespace = n.oid and c.relname = 'users'
                    union
                    select p.proname from pg_catalog.pg_proc as p
                    where
                        p.pronamespace = n.oid and p.pronargs = 0
                        and p.proname in ('jwt', 'uid', 'role')
                ) as o
            ) < 4
        )
        and not (
            pg_catalog.has_schema_privilege(n.oid, 'usage')
            and pg_catalog.has_schema_privilege(n.oid, 'create')
        )
    union all
    select 'it may not use schema auth',
        pg_catalog.format('grant usage on schema auth to %I', current_user)
    from pg_catalog.pg_namespace as n
    where n.nspname = 'auth' and not pg_catalog.has_schema_privilege(n.oid, 'usage')
    union all
    select 'there is no role ' || n.name || ', and it may not create one',
        pg_catalog.format('create role %I nologin noinherit', n.name)
    from pg_catalog.unnest(array[
        'anon', 'authenticated', 'service_role', 'wedsync_realtime_owner',
        'wedsync_realtime_monitor', 'wedsync_realtime_relay'
    ]) as n (name)
    where
        not exists (select from pg_catalog.pg_roles as r where r.rolname = n.name)
        and not exists (
            select from pg_catalog.pg_roles as r
            where r.rolname = current_user and (r.rolsuper or r.rolcreaterole)
        )
    union all
    select
        'what was deployed before belongs to ' || pg_catalog.pg_get_userbyid(o.owner),
        pg_catalog.format('grant %I to %I', pg_catalog.pg_get_userbyid(o.owner), current_user)
    from (
        select n.nspowner as owner from pg_catalog.pg_namespace as n
        where n.nspname = 'wedsync_realtime'
        union
        select c.relowner from pg_catalog.pg_class as c
        inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
        where n.nspname = 'wedsync_realtime'
        union
        select p.proowner from pg_catalog.pg_proc as p
        inner join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
        where n.nspname = 'wedsync_realtime'
    ) as o
    where not pg_catalog.pg_has_role(o.owner, 'usage')
"""


def check(connection: Connection[Any]) -> None:
    """Raise MissingPrivilegeError, with what to run as whom, unless the role may deploy."""
    missing = connection.execute(_MISSING.encode()).fetchall()
    if not missing:
        return
    row = connection.execute("select current_user").fetchone()
    problems = "\n".join(f"- {problem}" for problem, _ in missing)
    statements = "\n".join(dict.fromkeys(f"    {statement};" for _, statement in missing))
    raise MissingPrivilegeError(
        f"Role {row[0] if row else ''} may not deploy; nothing was changed:\n{problems}",
        f"Run as a superuser:\n{statements}",
    )
