-- Add up what has happened since the last run, and note the state of this moment.

create or replace function wedsync_realtime.record_metrics()
    returns bigint
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_horizon wedsync_realtime.metrics_horizon;
    v_now timestamptz := clock_timestamp();
    v_seen pg_snapshot := wedsync_realtime.current_snapshot();
    v_epoch text := wedsync_realtime.epoch();
    v_until timestamptz;
    v_events bigint;
    v_activity record;
begin
    select h.* into v_horizon from wedsync_realtime.metrics_horizon as h for no key update;
    -- after a restore the old snapshots mean nothing, and upkeep begins the feed anew
    if coalesce(v_horizon.epoch, v_epoch) = v_epoch then
        v_events := wedsync_realtime.record_events(v_horizon.seen, v_seen);
    else
        v_horizon.seen := v_seen;
    end if;
    v_until := greatest(
        v_horizon.activity_until, date_trunc('minute', v_now) - interval '1 minute'
    );
    v_activity := wedsync_realtime.record_activity(v_horizon.activity_until, v_until);

    insert into wedsync_realtime.metrics_history (
        sampled_at, seconds, connections, subscriptions, tenants, hot_topics, unready_topics,
        events, refusals, subscribes, expired, dispatch_failures, lagging, max_lag, feed_bytes, rpc
    )
    select
        v_now,
        coalesce(
            extract(epoch from v_now - (
                select max(m.sampled_at)
                from wedsync_realtime.metrics_history as m where m.sampled_at < v_now
            )), 0
        ),
        s.connections, s.subscriptions, s.tenants, s.hot_topics, s.unready_topics,
        coalesce(v_events, 0), v_activity.refusals, v_activity.subscribes, v_activity.expired,
        s.dispatch_failures, s.lagging, s.max_lag, s.feed_bytes, wedsync_realtime.rpc_figures()
    from wedsync_realtime.system_state() as s
    on conflict do nothing;
    update wedsync_realtime.metrics_horizon as h
    set
        epoch = v_epoch, seen = v_seen, counted_at = v_now, activity_until = v_until,
        seen_before = case
            when h.counted_at <= v_now - interval '1 minute' then v_horizon.seen
            else h.seen_before
        end;
    perform wedsync_realtime.note_server(v_epoch);
    return coalesce(v_events, 0);
end
$$;

comment on function wedsync_realtime.record_metrics() is
'Add up traffic since the last run and write a row of metrics_history; returns how many events '
'were new.';
revoke execute on function wedsync_realtime.record_metrics()
from public, anon, authenticated, service_role;
