-- health(): row level security of the package's own tables and partitions.

create or replace function wedsync_realtime.health_row_security()
    returns table (name text, status text, value text, advice text, sql text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        'own_row_level_security', case when count(*) > 0 then 'fail' else 'ok' end,
        coalesce(string_agg(o.relation::text, ', '), 'on every table and partition'),
        case when count(*) > 0 then 'A table of this package has lost it.' else '' end,
        coalesce(
            string_agg(format('alter table %s enable row level security', o.relation), '; '), ''
        )
    from (
        select c.oid::regclass as relation
        from pg_class as c
        where
            c.relkind in ('r', 'p')
            and not c.relrowsecurity
            and (
                c.relnamespace = 'wedsync_realtime'::regnamespace
                or c.oid = 'public.realtime_subscriptions'::regclass
                or c.oid in (
                    select t.relid from pg_partition_tree('public.realtime_activity_logs') as t
                )
            )
    ) as o;
end
$$;

comment on function wedsync_realtime.health_row_security() is 'health(): own tables.';
revoke execute on function wedsync_realtime.health_row_security()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.health_row_security()
to wedsync_realtime_owner;
