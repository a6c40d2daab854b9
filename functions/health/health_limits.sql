-- health(): tenants near their limits, leases that cleanup has left, topics that do not settle.

create or replace function wedsync_realtime.health_limits()
    returns table (name text, status text, value text, advice text, sql text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_long_ago timestamptz := statement_timestamp() - interval '5 minutes' - (
        select s.stale_after + 2 * wedsync_realtime.schedule_interval(s.cleanup_schedule)
        from wedsync_realtime.settings as s
    );
begin
    return query
    select
        'limits',
        case when max(l.load) >= 1 then 'fail' when count(l.load) > 0 then 'warn' else 'ok' end,
        case
            when count(l.load) = 0 then format('none above %s %%', round(s.warn_load * 100))
            else format(
                '%s above %s %%, highest %s %%', count(*), round(s.warn_load * 100),
                round(max(l.load) * 100)
            )
        end,
        case
            when count(l.load) = 0 then ''
            else 'Find out why they hold so many (clients that do not unsubscribe?), or raise '
                'their limit with set_limit().'
        end,
        case
            when count(l.load) = 0 then ''
            else 'select * from wedsync_realtime.tenant_load order by load desc limit 20'
        end
    from wedsync_realtime.settings as s
    left join wedsync_realtime.tenant_load as l on l.load >= s.warn_load::numeric
    group by s.id, s.warn_load;

    return query
    select
        'stale_leases', case when count(*) > 0 then 'warn' else 'ok' end,
        format('%s that expired long ago', count(*)),
        case when count(*) > 0 then 'Cleanup does not keep up, or does not run.' else '' end,
        case when count(*) > 0 then 'call wedsync_realtime.run_job(''cleanup'')' else '' end
    from public.realtime_subscriptions as l
    where l.last_ping_at < v_long_ago;

    return query
    select
        'unready_topics', case when count(*) > 0 then 'warn' else 'ok' end,
        format('%s for over a minute', count(*)),
        case
            when count(*) > 0
                then 'Their clients may not read a first copy while a writer that began before '
                    'them is open, or nobody polls them.'
            else ''
        end,
        case
            when count(*) > 0
                then 'select * from wedsync_realtime.open_transactions() order by open_for desc'
            else ''
        end
    from wedsync_realtime.topics as t
    where
        not t.is_ready and t.idle_since is null and t.blockers <> '{}'
        and t.created_at < statement_timestamp() - interval '1 minute';
end
$$;

comment on function wedsync_realtime.health_limits() is 'health(): limits, leases and topics.';
revoke execute on function wedsync_realtime.health_limits()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.health_limits()
to wedsync_realtime_owner;
