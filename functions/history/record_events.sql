-- Add up the events committed since the last run: by channel and minute, by topic and quarter of
-- an hour, and for ever. Each event is counted once, whenever its transaction commits.

create or replace function wedsync_realtime.record_events(seen pg_snapshot, upto pg_snapshot)
    returns bigint
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_events bigint;
begin
    with fresh as materialized (
        select
            f.*,
            date_trunc('hour', f.minute)
            + date_part('minute', f.minute)::integer / 15 * interval '15 minutes' as quarter
        from wedsync_realtime.recent_events(seen, seen, upto) as f
        where f.events > 0
    ),
    minutes as (
        insert into wedsync_realtime.channel_minutes as c (minute, channel_id, events)
        select f.minute, f.channel_id, sum(f.events)
        from fresh as f group by f.minute, f.channel_id
        on conflict on constraint channel_minutes_pkey do update
        set events = c.events + excluded.events
    ),
    quarters as (
        insert into wedsync_realtime.topic_quarters as q (quarter, tenant_id, channel_id, events)
        select f.quarter, f.tenant_id, f.channel_id, sum(f.events)
        from fresh as f group by f.quarter, f.tenant_id, f.channel_id
        on conflict on constraint topic_quarters_pkey do update
        set events = q.events + excluded.events
    ),
    totals as (
        insert into wedsync_realtime.counters as k (name, labels, value, last_at)
        select 'events', jsonb_build_object('channel', c.name), sum(f.events), max(f.last_at)
        from fresh as f
        inner join wedsync_realtime.channels as c on c.id = f.channel_id
        group by c.name
        on conflict on constraint counters_pkey do update
        set value = k.value + excluded.value, last_at = greatest(k.last_at, excluded.last_at)
    )
    select coalesce(sum(f.events), 0)::bigint into v_events from fresh as f;
    return v_events;
end
$$;

comment on function wedsync_realtime.record_events(pg_snapshot, pg_snapshot) is
'Add up the events between two snapshots; returns how many.';
revoke execute on function wedsync_realtime.record_events(pg_snapshot, pg_snapshot)
from public, anon, authenticated, service_role;
