-- health(): whether there are partitions for what comes, and nothing in the default ones.

create or replace function wedsync_realtime.health_feed()
    returns table (name text, status text, value text, advice text, sql text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        'partitions_ahead',
        case
            when min(p.ahead) < interval '1 hour' then 'fail'
            when min(p.ahead) < interval '1 day' then 'warn'
            else 'ok'
        end,
        string_agg(format('%s until %s', p.parent, p.until), ', ' order by p.parent),
        case
            when min(p.ahead) < interval '1 day'
                then 'Soon rows go to the default partition: the job does not run, or is held up.'
            else ''
        end,
        case
            when min(p.ahead) < interval '1 day'
                then 'select wedsync_realtime.maintain_partitions()'
            else ''
        end
    from (
        select
            f.parent, max(f.upper) as until,
            coalesce(max(f.upper) - statement_timestamp(), interval '0') as ahead
        from wedsync_realtime.feed_size as f
        group by f.parent
    ) as p;

    return query
    select
        'default_partitions',
        case when sum(f.rows) > 0 then 'fail' else 'ok' end,
        string_agg(format('%s: %s rows', f.partition, f.rows), ', ' order by f.partition),
        case
            when sum(f.rows) > 0 then 'Rows of a time without a partition: upkeep moves them.'
            else ''
        end,
        case
            when sum(f.rows) > 0 then 'select wedsync_realtime.maintain_partitions()' else ''
        end
    from wedsync_realtime.feed_size as f
    where f.is_default;
end
$$;

comment on function wedsync_realtime.health_feed() is 'health(): partitions ahead.';
revoke execute on function wedsync_realtime.health_feed()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.health_feed()
to wedsync_realtime_owner;
