-- Count connections, topics and what lags at this moment: what metrics_history keeps of it.
-- A lease lags when the newest event of its topic came after its last sign of life.

create or replace function wedsync_realtime.system_state(
    out connections       bigint,
    out subscriptions     bigint,
    out tenants           bigint,
    out hot_topics        bigint,
    out unready_topics    bigint,
    out dispatch_failures bigint,
    out lagging           bigint,
    out max_lag           interval,
    out feed_bytes        bigint
)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
declare
    v_alive_since timestamptz := statement_timestamp()
        - (select x.stale_after from wedsync_realtime.settings as x);
begin
    -- by tenant once more, because count(distinct …) would sort all connections
    select
        coalesce(sum(t.connections), 0)::bigint, coalesce(sum(t.leases), 0)::bigint, count(*)
    into connections, subscriptions, tenants
    from (
        select count(*) as connections, sum(c.leases) as leases
        from (
            select s.tenant_id, count(*) as leases
            from public.realtime_subscriptions as s
            where s.last_ping_at > v_alive_since
            group by s.user_id, s.connection_id, s.tenant_id
        ) as c
        group by c.tenant_id
    ) as t;
    select count(*), count(*) filter (where not t.is_ready)
    into hot_topics, unready_topics
    from wedsync_realtime.topics as t;
    select coalesce(sum(f.count), 0)::bigint into dispatch_failures
    from wedsync_realtime.dispatch_failures as f;
    select
        count(*) filter (where l.lag >= interval '1 minute'), coalesce(max(l.lag), interval '0')
    into lagging, max_lag
    from wedsync_realtime.live_connections as l
    where not l.is_expired;
    select coalesce(sum(f.bytes), 0)::bigint into feed_bytes
    from wedsync_realtime.feed_size as f
    where f.parent = 'events';
end
$$;

comment on function wedsync_realtime.system_state() is
'Connections, topics, lag and the size of the feed at this moment.';
revoke execute on function wedsync_realtime.system_state()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.system_state()
to wedsync_realtime_owner;
