"""Check the bodies of the deployed functions, which sqlfluff does not read."""

import psycopg

# A trigger function is checked once for each table that it is attached to (a partition's trigger
# is its parent's), since the fields of new and old are that table's columns.
PLPGSQL = """
    with ours as (
        select
            p.oid,
            p.prorettype = 'trigger'::regtype as is_trigger
        from pg_proc as p
        inner join pg_language as l on l.oid = p.prolang and l.lanname = 'plpgsql'
        where
            p.pronamespace in ('wedsync_realtime'::regnamespace, 'public'::regnamespace)
            and not exists (
                select from pg_depend as d
                where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
            )
    ),
    uses as (
        select
            o.oid,
            o.is_trigger,
            coalesce(t.tgrelid, 0) as table_id,
            t.tgoldtable,
            t.tgnewtable
        from ours as o
        left join pg_trigger as t
            on t.tgfoid = o.oid and not t.tgisinternal and t.tgparentid = 0
    )
    select distinct
        u.oid::regprocedure::text || case
            when u.is_trigger then ' on ' || u.table_id::regclass else ''
        end as name,
        c.lineno,
        concat_ws(' ', c.level || ':', c.message, c.detail, c.hint) as finding
    from uses as u
    cross join lateral plpgsql_check_function_tb(
        funcoid := u.oid,
        relid := u.table_id,
        oldtable := u.tgoldtable,
        newtable := u.tgnewtable,
        fatal_errors := false,
        other_warnings := true,
        extra_warnings := true,
        performance_warnings := true,
        security_warnings := true,
        compatibility_warnings := true
    ) as c
    where
        not (u.is_trigger and u.table_id = 0)
        -- a guess, which plpgsql_check owns up to
        and coalesce(c.detail, '') not like 'attention: cannot%volatility of used dynamic SQL'
    union all
    select u.oid::regprocedure::text, null, 'error: attached to no table, so not checked'
    from uses as u
    where u.is_trigger and u.table_id = 0
    order by name, lineno
"""

SQL = """
    select p.oid::regprocedure::text, pg_get_functiondef(p.oid)
    from pg_proc as p
    inner join pg_language as l on l.oid = p.prolang and l.lanname = 'sql'
    where
        p.pronamespace in ('wedsync_realtime'::regnamespace, 'public'::regnamespace)
        and not exists (
            select from pg_depend as d
            where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
        )
    order by 1
"""


def has_plpgsql_check(connection: psycopg.Connection) -> bool:
    """Tell whether the server comes with plpgsql_check."""
    query = "select from pg_available_extensions as e where e.name = 'plpgsql_check'"
    return connection.execute(query).fetchone() is not None


def findings(url: str) -> list[str]:
    """Return a line per finding: function, line of its body, what is wrong.

    url: a database with the package deployed and nothing else; plpgsql_check is created in it, or
    left out where the server comes without.
    """
    found = []
    with psycopg.connect(url) as connection:
        if has_plpgsql_check(connection):
            connection.execute("create extension if not exists plpgsql_check")
            found = [
                f"{name}, line {line}: {finding}" if line else f"{name}: {finding}"
                for name, line, finding in connection.execute(PLPGSQL)
            ]
        # Deployed unchecked, so that the order of files is free; checked by creating them again.
        connection.execute("set local check_function_bodies = on")
        for name, definition in connection.execute(SQL).fetchall():
            try:
                with connection.transaction(force_rollback=True):
                    connection.execute(definition)
            except psycopg.Error as error:
                found.append(f"{name}: error: {error.diag.message_primary}")
    return found
