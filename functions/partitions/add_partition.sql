-- Make one partition, closed to everybody but through its parent; 0 when it is there already.
-- It is filled with what the default partition caught of its range, then attached: that locks out
-- nobody but users of the default partition, who are not waited for long: readers would queue
-- behind it, so it gives up and is tried at the next run.

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
    set lock_timeout = '200ms'
as $$
-- names come from the catalog, quoted: @plpgsql_check_options: security_warnings = off
declare
    v_schema text;
    v_parent text;
    v_key text;
    v_name text;
    v_partition text;
begin
    select c.relnamespace::regnamespace::text, c.relname::text, a.attname::text
    into v_schema, v_parent, v_key
    from pg_class as c
    inner join pg_partitioned_table as p on p.partrelid = c.oid
    inner join pg_attribute as a on a.attrelid = c.oid and a.attnum = p.partattrs[0]
    where c.oid = parent;
    v_name := v_parent || to_char(
        lower, case when duration < interval '28 days' then '_YYYYMMDD' else '_YYYYMM' end
    );
    v_partition := format('%I.%I', v_schema, v_name);
    if to_regclass(v_partition) is not null then
        return 0;
    end if;

    execute format(
        'create table %s (like %s including defaults including constraints)', v_partition, parent
    );
    execute format('alter table %s enable row level security', v_partition);
    execute format(
        'revoke all on %s from public, anon, authenticated, service_role', v_partition
    );
    execute format(
        'comment on table %s is %L', v_partition,
        format('Rows of %s from %s to %s, UTC.', parent, lower, lower + duration)
    );
    execute format(
        'with moved as (delete from %1$I.%2$I where %3$I >= %4$L and %3$I < %5$L returning *) '
        'insert into %6$s select * from moved',
        v_schema, v_parent || '_default', v_key, lower, lower + duration, v_partition
    );
    execute format(
        'alter table %s attach partition %s for values from (%L) to (%L)',
        parent, v_partition, lower, lower + duration
    );
    return 1;
exception
    when lock_not_available then
        return 0;
end
$$;

comment on function wedsync_realtime.add_partition(regclass, timestamptz, interval) is
'Make one partition; 0 when it is there already.';
revoke execute on function wedsync_realtime.add_partition(regclass, timestamptz, interval)
from public, anon, authenticated, service_role;
