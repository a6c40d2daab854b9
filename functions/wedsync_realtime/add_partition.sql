-- Make one partition, closed to everybody but through its parent; 0 when it is there already.

create or replace function wedsync_realtime.add_partition(
    parent   regclass,
    lower    timestamptz,
    duration interval
)
    returns integer
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
declare
    v_schema text;
    v_name text;
begin
    select
        c.relnamespace::regnamespace::text,
        c.relname || to_char(
            lower, case when duration < interval '28 days' then '_YYYYMMDD' else '_YYYYMM' end
        )
    into v_schema, v_name
    from pg_class as c
    where c.oid = parent;
    if to_regclass(format('%I.%I', v_schema, v_name)) is not null then
        return 0;
    end if;
    execute format(
        'create table %I.%I partition of %s for values from (%L) to (%L)',
        v_schema, v_name, parent, lower, lower + duration
    );
    execute format('alter table %I.%I enable row level security', v_schema, v_name);
    execute format(
        'revoke all on %I.%I from public, anon, authenticated, service_role', v_schema, v_name
    );
    execute format(
        'comment on table %I.%I is %L', v_schema, v_name,
        format('Rows of %s from %s to %s, UTC.', parent, lower, lower + duration)
    );
    return 1;
end
$$;

comment on function wedsync_realtime.add_partition(regclass, timestamptz, interval) is
'Make one partition; 0 when it is there already.';
revoke execute on function wedsync_realtime.add_partition(regclass, timestamptz, interval)
from public, anon, authenticated, service_role;
