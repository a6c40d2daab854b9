"""An attacker's objects, named like everything that the package's function bodies mention.

Each of them raises SQLSTATE HACKD when it is read, called or cast to. Temporary relations and
domains are found before others by whoever does not say where pg_temp stands; functions and
operators never are, so those also stand in a schema that the attacker puts on the search path.
"""

import psycopg

# Quoted names, signatures and types come from the catalogs; a name that cannot be taken (a
# pseudo-type that a function may not have, a second operator of the same types) is left out.
SHADOWS = b"""
    create schema hostile;
    grant create, usage on schema hostile to authenticated;
    create table hostile.made (kind text, name text);
    grant insert, select on hostile.made to authenticated;

    create function hostile.boom(name text) returns integer language plpgsql as $$
    begin
        raise exception 'attacker''s % ran as %', name, current_user using errcode = 'HACKD';
    end $$;
    grant execute on function hostile.boom to public;

    create view hostile.words as
    select distinct (regexp_matches(lower(p.prosrc), '[a-z_][a-z0-9_]*', 'g'))[1] as word
    from pg_proc as p
    where p.pronamespace in ('wedsync_realtime'::regnamespace, 'public'::regnamespace);

    create view hostile.signs as
    select distinct (regexp_matches(p.prosrc, '[-+*/<>=~!@#%^&|?]+', 'g'))[1] as sign
    from pg_proc as p
    where p.pronamespace in ('wedsync_realtime'::regnamespace, 'public'::regnamespace);

    create view hostile.plans as
    select
        1 as place, 'relation' as kind, c.relname::text as name, format(
            'create temporary view %I as select hostile.boom(%L) as x', c.relname, c.relname
        ) as command
    from (
        select distinct c.relname from pg_class as c
        inner join hostile.words as w on w.word = c.relname and c.relkind in ('r', 'p', 'v')
    ) as c
    union all
    select
        2, 'type', t.typname, format(
            'create domain %s.%I as pg_catalog.text check (hostile.boom(%L) = 0)',
            s.schema, t.typname, t.typname
        )
    from (
        select distinct t.typname from pg_type as t
        inner join hostile.words as w on w.word = t.typname
        where t.typtype <> 'p'
    ) as t
    cross join (values ('pg_temp'), ('hostile')) as s (schema)
    union all
    select
        3, 'function', p.proname, format(
            'create function %s.%I(%s) returns %s language plpgsql as '
            '$b$ begin perform hostile.boom(%L); end $b$',
            s.schema, p.proname, pg_get_function_identity_arguments(p.oid),
            pg_get_function_result(p.oid), p.proname
        )
    from pg_proc as p
    inner join hostile.words as w on w.word = p.proname
    cross join (values ('pg_temp'), ('hostile')) as s (schema)
    left join pg_aggregate as a on a.aggfnoid = p.oid
    where
        p.pronamespace <> 'hostile'::regnamespace
        and p.prorettype <> 'trigger'::regtype
        and p.prokind <> 'p'
        and coalesce(a.aggkind, 'n') = 'n'
    union all
    select
        4, 'operator', o.oprname, format(
            'create function hostile.%1$I(%2$s, %3$s) returns %4$s language plpgsql as '
            '$b$ begin perform hostile.boom(%5$L); end $b$; '
            'create operator hostile.%5$s '
            '(leftarg = %2$s, rightarg = %3$s, function = hostile.%1$I); '
            'create operator pg_temp.%5$s '
            '(leftarg = %2$s, rightarg = %3$s, function = hostile.%1$I)',
            'operator_' || o.oid, o.oprleft::regtype, o.oprright::regtype, o.oprresult::regtype,
            o.oprname
        )
    from pg_operator as o
    inner join hostile.signs as s on s.sign = o.oprname
    where o.oprkind = 'b' and o.oprnamespace = 'pg_catalog'::regnamespace;
    grant select on hostile.plans to authenticated;

    -- Run by the attacker, to whom the objects then belong.
    create function hostile.make() returns void language plpgsql
    set search_path = pg_catalog, pg_temp as $$
    declare
        v_plan record;
    begin
        for v_plan in select * from hostile.plans order by place loop
            begin
                execute v_plan.command;
                insert into hostile.made values (v_plan.kind, v_plan.name);
            exception
                when duplicate_object or duplicate_function or invalid_function_definition
                    or feature_not_supported or invalid_object_definition or undefined_object
                then null;
            end;
        end loop;
    end $$;
    grant execute on function hostile.make to authenticated;
"""


def install_shadows(connection: psycopg.Connection) -> None:
    """Create schema hostile, from which hostile.make() makes the objects of a session."""
    connection.execute(SHADOWS)


def make_shadows(connection: psycopg.Connection) -> dict[str, set[str]]:
    """Make the objects in this session as role authenticated; return their names by kind."""
    with connection.transaction():
        connection.execute("set local role authenticated")
        connection.execute("select hostile.make()")
        made: dict[str, set[str]] = {}
        for kind, name in connection.execute("select kind, name from hostile.made"):
            made.setdefault(kind, set()).add(name)
    return made
