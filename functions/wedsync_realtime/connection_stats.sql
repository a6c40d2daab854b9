-- Sum up the connections and the last day's traffic.

create or replace function wedsync_realtime.connection_stats()
    returns jsonb
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'activeConnections', c.connections,
        'activeSubscriptions', c.subscriptions,
        'activeTenants', c.tenants,
        'todayMessages', m.messages,
        'avgMessagesPerConnection',
        case when c.connections = 0 then 0 else round(m.messages / c.connections::numeric, 2) end,
        'hotTopics', (select count(*) from wedsync_realtime.topics),
        'refusedToday', (
            select coalesce(sum((l.payload ->> 'count')::bigint), 0)
            from public.realtime_activity_logs as l
            where l.event_type = 'refused' and l."timestamp" >= date_trunc('day', now())
        )
    )
    from (
        select
            count(distinct (s.user_id, s.connection_id)) as connections,
            count(*) as subscriptions,
            count(distinct s.tenant_id) as tenants
        from public.realtime_subscriptions as s
        cross join wedsync_realtime.settings as x
        where s.last_ping_at > clock_timestamp() - x.stale_after
    ) as c
    cross join (
        select count(*) as messages
        from wedsync_realtime.events as e
        where e.created_at >= date_trunc('day', now())
    ) as m
$$;

comment on function wedsync_realtime.connection_stats() is
'Sum of connections and traffic; the body of realtime_connection_stats.';
revoke execute on function wedsync_realtime.connection_stats()
from public, anon, authenticated;
grant execute on function wedsync_realtime.connection_stats()
to service_role, wedsync_realtime_monitor;
