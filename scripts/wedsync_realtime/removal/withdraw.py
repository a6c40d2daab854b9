"""Take the package's hands off the application's tables, and drop what can be made again."""

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import Connection, sql

from wedsync_realtime.errors import DependentObjectsError
from wedsync_realtime.record import catalog
from wedsync_realtime.record.catalog import Catalog

_TRIGGERS = """
    select pg_catalog.format('drop trigger %I on %s', t.tgname, t.tgrelid::pg_catalog.regclass)
    from pg_catalog.pg_trigger as t
    inner join pg_catalog.pg_proc as p on p.oid = t.tgfoid
    where
        p.pronamespace = pg_catalog.to_regnamespace('wedsync_realtime')
        and t.tgparentid = 0 and not t.tgisinternal
"""
_IDENTITIES = """
    select pg_catalog.format(
        'alter table only %s replica identity %s', p.relation,
        case
            when c.found_identity like 'using index %' and not exists (
                select
                from pg_catalog.pg_index as i
                inner join pg_catalog.pg_class as x on x.oid = i.indexrelid
                where
                    i.indrelid = p.relation
                    and 'using index ' || pg_catalog.quote_ident(x.relname) = c.found_identity
            ) then 'default'
            else c.found_identity
        end
    )
    from wedsync_realtime.channels as c
    inner join pg_catalog.pg_namespace as n on n.nspname = c.schema_name
    inner join pg_catalog.pg_class as r on r.relnamespace = n.oid and r.relname = c.table_name
    cross join lateral (
        select r.oid::pg_catalog.regclass
        union
        select t.relid from pg_catalog.pg_partition_tree(r.oid) as t
    ) as p (relation)
    where c.found_identity <> 'full'
"""
_MEMBERS = """
    select distinct pg_catalog.format(
        'alter publication supabase_realtime drop table %s', m.prrelid::pg_catalog.regclass
    )
    from wedsync_realtime.channels as c
    inner join pg_catalog.pg_namespace as n on n.nspname = c.schema_name
    inner join pg_catalog.pg_class as r on r.relnamespace = n.oid and r.relname = c.table_name
    inner join pg_catalog.pg_publication_rel as m on m.prrelid = r.oid
    inner join pg_catalog.pg_publication as p on p.oid = m.prpubid
    where not c.found_published and p.pubname = 'supabase_realtime'
"""
_JOBS = """
    select pg_catalog.format('select cron.unschedule(%s::bigint)', j.jobid)
    from cron.job as j
    where j.jobname like 'wedsync-realtime-%' and j.database = pg_catalog.current_database()
"""
# Made by create_cron(), without which it would bear another comment.
CRON = """
    select from pg_catalog.pg_extension as e
    where
        e.extname = 'pg_cron'
        and pg_catalog.obj_description(e.oid, 'pg_extension') like '%created by wedsync-realtime'
"""
# Those made by policies/, protect_table() and attach_broadcast(), and no policy of somebody else
# that calls our functions: dropping a restrictive one would let more in.
_POLICIES = """
    select
        pg_catalog.format('drop policy %I on %s', p.polname, p.polrelid::pg_catalog.regclass),
        p.polrelid::pg_catalog.regclass::text, p.polname
    from pg_catalog.pg_policy as p
    where
        p.polroles = array[pg_catalog.to_regrole('wedsync_realtime_owner')::oid]
        or (
            (p.polname like '%\\_tenant' or p.polname = 'realtime_messages_select_wedsync')
            and exists (
                select from pg_catalog.pg_depend as d
                inner join pg_catalog.pg_proc as f on f.oid = d.refobjid
                where
                    d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and d.objid = p.oid
                    and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                    and f.pronamespace = pg_catalog.to_regnamespace('wedsync_realtime')
            )
        )
"""
_CALLED_BY_POLICIES = """
    select distinct d.refobjid::pg_catalog.regprocedure::text
    from pg_catalog.pg_depend as d
    where
        d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
        and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
"""

Group = tuple[str, tuple[str, ...]]  # a kind of objects, and their names


def detach(connection: Connection[Any]) -> None:
    """Drop the triggers and jobs; restore replica identity and publication as they were found."""
    _run_all(connection, _TRIGGERS)
    if exists(connection, "wedsync_realtime", "channels"):
        _run_all(connection, _IDENTITIES)
        _run_all(connection, _MEMBERS)
    if catalog.has_jobs(connection):
        _run_all(connection, _JOBS)


def drop_policies(connection: Connection[Any]) -> list[str]:
    """Drop the policies that need the package; return the tables that had `protect_table()`."""
    rows = connection.execute(_POLICIES).fetchall()
    connection.execute("; ".join(statement for statement, _, _ in rows).encode())
    return sorted({table for _, table, name in rows if name.endswith("_tenant")})


def drop_routines(connection: Connection[Any], found: Catalog, ours: Iterable[Any]) -> None:
    """Drop the package's functions and views but those that policies call.

    ours: keys of the recorded objects.
    Raises DependentObjectsError.
    """
    recorded = set(ours)
    called = {name for (name,) in connection.execute(_CALLED_BY_POLICIES)}
    names: dict[str, list[str]] = {"view": [], "materialized view": [], "function": []}
    for item in found.items.values():
        if (
            item.kind in names
            and (item.recorded_as in recorded or not recorded)
            and item.definition is not None
            and item.name not in called
        ):
            names[item.kind].append(item.name)
    drop_in_any_order(
        connection, [(kind.replace("function", "routine"), names[kind]) for kind in names]
    )


def drop_in_any_order(
    connection: Connection[Any], groups: Iterable[tuple[str, Iterable[str]]]
) -> None:
    """Drop groups of objects, first those that nothing else depends on; one by one if need be.

    groups: what a drop statement says of each: kind and names.
    Raises DependentObjectsError for what depends on them in the end.
    """
    left: list[Group] = [(kind, tuple(names)) for kind, names in groups if names]
    told: list[psycopg.Error] = []  # of groups: of single objects it tells what is dropped too
    while left:
        refusals = {group: error for group in left if (error := _drop(connection, *group))}
        if len(refusals) == len(left):
            told = told or list(refusals.values())
            singles: list[Group] = [(kind, (name,)) for kind, names in left for name in names]
            if len(singles) == len(left):
                details = {error.diag.message_detail or str(error) for error in told}
                raise DependentObjectsError(
                    "Something that is not the package's depends on it:\n"
                    + "\n".join(sorted(details)),
                    "Drop or change it, then run again.",
                )
            left = singles
        else:
            left = list(refusals)


def _drop(connection: Connection[Any], kind: str, names: Iterable[str]) -> psycopg.Error | None:
    """Drop objects in one statement; return the error where something depends on them."""
    try:
        with connection.transaction():
            connection.execute(f"drop {kind} {', '.join(names)}".encode())
    except psycopg.errors.DependentObjectsStillExist as error:
        return error
    return None


def _run_all(connection: Connection[Any], query: str) -> None:
    statements = [statement for (statement,) in connection.execute(query.encode())]
    connection.execute("; ".join(statements).encode())


def exists(connection: Connection[Any], schema: str, table: str) -> bool:
    """Tell whether there is such a table."""
    name = sql.Identifier(schema, table).as_string(connection)
    row = connection.execute("select pg_catalog.to_regclass(%s) is not null", (name,)).fetchone()
    return bool(row and row[0])
