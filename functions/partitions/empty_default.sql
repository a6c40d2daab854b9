-- Empty a default partition of what it caught while upkeep did not run or the clock was wrong:
-- partitions are made for its days or months, which then age like the others. What is past
-- retention is only then dropped with its partition, so that cursors learn of it the usual way.
-- A day that nobody can have meant, years away, is as good as any: its partition waits.

create or replace function wedsync_realtime.empty_default(
    parent   regclass,
    duration interval
)
    returns integer
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
-- names come from the catalog, quoted: @plpgsql_check_options: security_warnings = off
declare
    v_default regclass;
    v_key text;
    v_lower timestamptz;
    v_made integer := 0;
begin
    select p.partdefid::regclass, quote_ident(a.attname)
    into v_default, v_key
    from pg_partitioned_table as p
    inner join pg_attribute as a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
    where p.partrelid = parent;
    for v_lower in execute format(
        'select distinct date_trunc(%L, d.%s) from %s as d order by 1 limit 100',
        case when duration < interval '28 days' then 'day' else 'month' end, v_key, v_default
    )
    loop
        v_made := v_made + wedsync_realtime.add_partition(parent, v_lower, duration);
    end loop;
    return v_made;
end
$$;

comment on function wedsync_realtime.empty_default(regclass, interval) is
'Make partitions for what the default one caught; returns how many.';
revoke execute on function wedsync_realtime.empty_default(regclass, interval)
from public, anon, authenticated, service_role;
