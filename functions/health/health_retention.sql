-- health(): whether partitions past retention go.

create or replace function wedsync_realtime.health_retention()
    returns table (name text, status text, value text, advice text, sql text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        'partitions_behind',
        case when count(*) filter (where f.is_overdue) > 0 then 'warn' else 'ok' end,
        format(
            '%s partitions of %s, %s overdue', count(*),
            pg_size_pretty(sum(f.bytes)), count(*) filter (where f.is_overdue)
        ),
        case
            when count(*) filter (where f.is_overdue) > 0
                then 'They could not be dropped: somebody holds them. End that session.'
            else ''
        end,
        case
            when count(*) filter (where f.is_overdue) > 0
                then 'select * from wedsync_realtime.open_transactions() order by open_for desc'
            else ''
        end
    from wedsync_realtime.feed_size as f;
end
$$;

comment on function wedsync_realtime.health_retention() is 'health(): partitions behind.';
revoke execute on function wedsync_realtime.health_retention()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.health_retention()
to wedsync_realtime_owner;
