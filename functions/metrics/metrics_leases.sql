-- metrics(): connections, subscriptions, topics and the feed.

create or replace function wedsync_realtime.metrics_leases()
    returns table (name text, type text, help text, labels jsonb, value double precision)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
begin
    return query
    select f.name, 'gauge', f.help, jsonb_build_object(), f.value::double precision
    from (
        select m.*
        from wedsync_realtime.metrics_history as m
        order by m.sampled_at desc
        limit 1
    ) as m
    cross join lateral (values
        ('connections', 'Connections with a live subscription.', m.connections),
        ('subscriptions', 'Live subscriptions.', m.subscriptions),
        ('tenants', 'Suppliers and couples with a live subscription.', m.tenants),
        ('lagging_subscriptions', 'Live subscriptions behind by a minute or more.', m.lagging),
        ('max_lag_seconds', 'How far the last of them is behind.', extract(epoch from m.max_lag)),
        ('sampled_timestamp_seconds', 'When the gauges of connections, subscriptions, tenants '
            'and lag were taken.', extract(epoch from m.sampled_at))
    ) as f (name, help, value);

    return query
    select
        'topics', 'gauge', 'Topics that are recorded, by whether clients may read them yet.',
        jsonb_build_object('ready', s.is_ready::text), (
            select count(*)::double precision
            from wedsync_realtime.topics as t where t.is_ready = s.is_ready
        )
    from (values (true), (false)) as s (is_ready);

    return query
    select
        'tenant_max_load_ratio', 'gauge', 'Share of its limit that the fullest tenant holds.',
        jsonb_build_object(), coalesce(max(l.load), 0)::double precision
    from wedsync_realtime.tenant_load as l
    union all
    select
        'full_tenants', 'gauge', 'Suppliers and couples at their limit.', jsonb_build_object(),
        count(*)::double precision
    from wedsync_realtime.tenant_load as l
    where l.load >= 1;

    return query
    select v.name, 'gauge', v.help, jsonb_build_object('table', f.parent), v.value::double precision
    from (
        select
            s.parent, sum(s.bytes) as bytes,
            sum(s.rows) filter (where s.is_default) as defaulted
        from wedsync_realtime.feed_size as s
        group by s.parent
    ) as f
    cross join lateral (values
        ('table_bytes', 'Size on disk of the feed and of the audit.', f.bytes),
        ('default_partition_rows', 'Rows without a partition of their time.', f.defaulted)
    ) as v (name, help, value);
end
$$;

comment on function wedsync_realtime.metrics_leases() is 'metrics(): leases and feed.';
revoke execute on function wedsync_realtime.metrics_leases()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.metrics_leases()
to wedsync_realtime_owner, wedsync_realtime_monitor;
