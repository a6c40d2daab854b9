-- metrics(): what has happened since the package was installed. Events are exact at this moment.

create or replace function wedsync_realtime.metrics_traffic()
    returns table (name text, type text, help text, labels jsonb, value double precision)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
begin
    return query
    select
        'events_total', 'counter', 'Changes recorded in the feed.',
        jsonb_build_object('channel', c.name), coalesce(k.value, 0) + coalesce(r.events, 0)
    from wedsync_realtime.channels as c
    left join wedsync_realtime.counters as k
        on k.name = 'events' and k.labels = jsonb_build_object('channel', c.name)
    left join (
        select e.channel_id, sum(e.events)::double precision as events
        from wedsync_realtime.metrics_horizon as h
        cross join lateral wedsync_realtime.recent_events(h.seen, h.seen) as e
        group by e.channel_id
    ) as r on r.channel_id = c.id;

    return query
    select
        'refusals_total', 'counter', 'Calls refused, by reason.', k.labels - 'event',
        k.value::double precision
    from wedsync_realtime.counters as k
    where k.name = 'activity' and k.labels ->> 'event' = 'refused'
    union all
    select
        'activity_total', 'counter', 'What happened to subscriptions, and acts of administrators.',
        jsonb_build_object('event', k.labels -> 'event'), k.value::double precision
    from wedsync_realtime.counters as k
    where k.name = 'activity' and k.labels ->> 'event' <> 'refused';

    return query
    select f.name, 'counter', f.help, jsonb_build_object('rpc', t.rpc),
        f.value::double precision
    from wedsync_realtime.rpc_timing as t
    cross join lateral (values
        ('rpc_calls_total', 'Calls of each RPC; needs track_functions.', t.calls),
        ('rpc_seconds_total', 'Time in each RPC; needs track_functions.', t.total_seconds)
    ) as f (name, help, value)
    where t.calls is not null;
end
$$;

comment on function wedsync_realtime.metrics_traffic() is 'metrics(): traffic.';
revoke execute on function wedsync_realtime.metrics_traffic()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.metrics_traffic()
to wedsync_realtime_owner, wedsync_realtime_monitor;
