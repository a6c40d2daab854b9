-- Tell whether a role may schedule jobs with pg_cron; false where it is not installed.

create or replace function wedsync_realtime.can_schedule(role_name name)
    returns boolean
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- By the catalogs, because to_regclass() fails where the schema may not be used; and of the
    -- extension, because anybody who may create schemas may create one of this name.
    return exists (
        select
        from pg_namespace as n
        inner join pg_class as r on r.relnamespace = n.oid and r.relname = 'job'
        inner join pg_depend as d
            on d.classid = 'pg_class'::regclass and d.objid = r.oid and d.deptype = 'e'
        inner join pg_extension as e
            on
                d.refclassid = 'pg_extension'::regclass and e.oid = d.refobjid
                and e.extname = 'pg_cron'
        where
            n.nspname = 'cron'
            and has_schema_privilege(role_name, n.oid, 'usage')
            and has_table_privilege(role_name, r.oid, 'select')
            and not exists (
                select from pg_proc as p
                where
                    p.pronamespace = n.oid and p.proname in ('schedule', 'unschedule')
                    and not has_function_privilege(role_name, p.oid, 'execute')
            )
    );
end
$$;

comment on function wedsync_realtime.can_schedule(name) is
'Whether a role may schedule jobs with pg_cron; false where it is not installed.';
revoke execute on function wedsync_realtime.can_schedule(name)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.can_schedule(name)
to wedsync_realtime_owner;
