-- metrics(): the relays, each run of one by its id, so that its counters only grow. Nothing where
-- none has reported. Of a dead one its counters alone are told.

create or replace function wedsync_realtime.metrics_relay()
    returns table (name text, type text, help text, labels jsonb, value double precision)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
begin
    return query
    select f.name, f.type, f.help, jsonb_build_object('relay', r.id), f.value::double precision
    from wedsync_realtime.relay_status as r
    cross join lateral (values
        ('relay_up', 'gauge', 'Whether it has reported in the last minute.', r.is_alive::int),
        ('relay_leader', 'gauge', 'Whether it reads the feed.', r.is_leader::int),
        (
            'relay_seen_timestamp_seconds', 'gauge', 'When it reported last.',
            extract(epoch from r.seen_at)
        ),
        (
            'relay_lag_seconds', 'gauge', 'How long ago it had nothing left to publish.',
            case when r.is_alive then extract(epoch from r.lag) end
        ),
        (
            'relay_lag_events', 'gauge', 'Events that it has read and not published yet.',
            case when r.is_alive then r.lag_events end
        ),
        (
            'relay_connections', 'gauge', 'Clients connected to NATS, as each relay counts them.',
            case when r.is_alive then r.connections end
        ),
        ('relay_logins_total', 'counter', 'Logins admitted.', r.logins),
        ('relay_kicks_total', 'counter', 'Connections closed for rights taken away.', r.kicks),
        (
            'relay_slow_consumers_total', 'counter',
            'Connections that NATS closed because they did not keep up, as each relay counts them.',
            r.slow_consumers
        ),
        ('relay_published_total', 'counter', 'Messages published.', r.published)
    ) as f (name, type, help, value);

    return query
    select
        'relay_refusals_total', 'counter', 'Logins refused, by reason.',
        jsonb_build_object('relay', r.id, 'reason', e.key), e.value::double precision
    from wedsync_realtime.relay_status as r
    cross join lateral jsonb_each_text(r.refused) as e;
end
$$;

comment on function wedsync_realtime.metrics_relay() is 'metrics(): relays.';
revoke execute on function wedsync_realtime.metrics_relay()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.metrics_relay()
to wedsync_realtime_owner, wedsync_realtime_monitor;
