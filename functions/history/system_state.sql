-- Count connections, topics and what lags at this moment: what metrics_history keeps of it.
-- A lease lags when the newest event of its topic came after its last ping or poll.

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
begin
    select c.connections, c.subscriptions, c.tenants into connections, subscriptions, tenants
    from wedsync_realtime.count_connections() as c;
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
