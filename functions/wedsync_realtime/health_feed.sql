-- health(): partitions of the feed and of the audit, ahead and behind.

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
                then 'Soon rows go to the default partition. Find out why the job does not run.'
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

comment on function wedsync_realtime.health_feed() is 'health(): feed and audit.';
revoke execute on function wedsync_realtime.health_feed() from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.health_feed() to wedsync_realtime_owner;
