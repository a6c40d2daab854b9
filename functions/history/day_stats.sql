-- Sum up the rows of metrics_history of the last 24 hours. What the RPCs took is the difference
-- between its last row and its first; a statistics reset in between makes the last one count alone.

create or replace function wedsync_realtime.day_stats()
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
begin
    return (
        with day as (
            select h.* from wedsync_realtime.metrics_history as h
            where h.sampled_at > statement_timestamp() - interval '24 hours'
        ),
        rpc as (
            select
                l.key as name,
                (l.value ->> 'calls')::bigint - coalesce(f.calls, 0) as calls,
                (l.value ->> 'seconds')::numeric - coalesce(f.seconds, 0) as seconds
            from (select d.rpc from day as d order by d.sampled_at desc limit 1) as d
            cross join lateral jsonb_each(d.rpc) as l
            left join lateral (
                select
                    (e.rpc #>> array[l.key, 'calls'])::bigint as calls,
                    (e.rpc #>> array[l.key, 'seconds'])::numeric as seconds
                from (select d.rpc from day as d order by d.sampled_at limit 1) as e
            ) as f on f.calls <= (l.value ->> 'calls')::bigint
        )
        select jsonb_build_object(
            'samples', count(*),
            'messages', coalesce(sum(d.events), 0),
            'messagesPerSecond',
            coalesce(round((sum(d.events) / nullif(sum(d.seconds), 0))::numeric, 3), 0),
            'peakMessagesPerSecond',
            coalesce(round(max(d.events / nullif(d.seconds, 0))::numeric, 3), 0),
            'peakConnections', coalesce(max(d.connections), 0),
            'subscribes', coalesce(sum(d.subscribes), 0),
            'expired', coalesce(sum(d.expired), 0),
            'refusals', coalesce(sum(d.refusals), 0),
            'maxLagSeconds', coalesce(max(extract(epoch from d.max_lag)), 0),
            'dispatchFailures', coalesce(max(d.dispatch_failures), 0),
            'rpc', coalesce((
                select jsonb_object_agg(r.name, jsonb_build_object(
                    'calls', r.calls, 'meanMs', round(1000 * r.seconds / r.calls, 3)
                ))
                from rpc as r where r.calls > 0
            ), jsonb_build_object())
        )
        from day as d
    );
end
$$;

comment on function wedsync_realtime.day_stats() is
'Traffic, peaks and RPC timing of the last 24 hours, from metrics_history.';
revoke execute on function wedsync_realtime.day_stats()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.day_stats()
to wedsync_realtime_owner;
