-- Sum up the connections of this moment, the messages of this day (UTC), each counted once
-- however many got it, and how the last 24 hours went.

create or replace function wedsync_realtime.connection_stats()
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set jit = off
as $$
declare
    v_today timestamptz := date_trunc('day', statement_timestamp(), 'UTC');
    v_state record;
    v_messages bigint;
begin
    select c.connections, c.subscriptions, c.tenants into v_state
    from wedsync_realtime.count_connections() as c;
    select coalesce(sum(e.events), 0)::bigint into v_messages
    from (
        select h.events from wedsync_realtime.channel_history as h where h.minute >= v_today
        union all
        select r.events
        from wedsync_realtime.metrics_horizon as h
        cross join lateral wedsync_realtime.recent_events(h.seen, h.seen) as r
        where r.minute >= v_today
    ) as e;
    return jsonb_build_object(
        'activeConnections', v_state.connections,
        'activeSubscriptions', v_state.subscriptions,
        'activeTenants', v_state.tenants,
        'todayMessages', v_messages,
        'avgMessagesPerConnection',
        coalesce(round(v_messages / nullif(v_state.connections, 0)::numeric, 2), 0),
        'hotTopics', (select count(*) from wedsync_realtime.topics),
        'refusedToday', (
            select coalesce(sum((l.payload ->> 'count')::bigint), 0)
            from public.realtime_activity_logs as l
            where l.event_type = 'refused' and l."timestamp" >= v_today
        ),
        'lastDay', wedsync_realtime.day_stats()
    );
end
$$;

comment on function wedsync_realtime.connection_stats() is
'Sum of connections and traffic; the body of realtime_connection_stats.';
revoke execute on function wedsync_realtime.connection_stats()
from public, anon, authenticated;
grant execute on function wedsync_realtime.connection_stats()
to service_role, wedsync_realtime_monitor;
