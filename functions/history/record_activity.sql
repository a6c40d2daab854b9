-- Add up the audit of the minutes that are over: by kind and minute, and for ever. The minute that
-- has just ended is left for the next run, so that calls which began in it have committed.

create or replace function wedsync_realtime.record_activity(
    lower          timestamptz,
    upper          timestamptz,
    out refusals   bigint,
    out subscribes bigint,
    out expired    bigint
)
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    with fresh as materialized (
        select
            date_trunc('minute', l."timestamp") as minute, l.event_type,
            coalesce(r.action, '') as action, coalesce(r.code, '') as code,
            sum(coalesce(r.count, 1)) as count, max(l."timestamp") as last_at
        from public.realtime_activity_logs as l
        left join lateral (
            select
                l.payload ->> 'action' as action, l.payload ->> 'code' as code,
                (l.payload ->> 'count')::bigint as count
        ) as r on l.event_type = 'refused'
        where l."timestamp" >= record_activity.lower and l."timestamp" < record_activity.upper
        group by 1, 2, 3, 4
    ),
    minutes as (
        insert into wedsync_realtime.activity_minutes as a
            (minute, event_type, action, code, count)
        select f.minute, f.event_type, f.action, f.code, f.count from fresh as f
        on conflict on constraint activity_minutes_pkey do update
        set count = a.count + excluded.count
    ),
    totals as (
        insert into wedsync_realtime.counters as k (name, labels, value, last_at)
        select
            'activity',
            jsonb_build_object('event', f.event_type, 'action', f.action, 'code', f.code),
            sum(f.count), max(f.last_at)
        from fresh as f
        group by f.event_type, f.action, f.code
        on conflict on constraint counters_pkey do update
        set value = k.value + excluded.value, last_at = greatest(k.last_at, excluded.last_at)
    )
    select
        coalesce(sum(f.count) filter (where f.event_type = 'refused'), 0)::bigint,
        coalesce(sum(f.count) filter (where f.event_type in ('subscribed', 'renewed')), 0)::bigint,
        coalesce(sum(f.count) filter (where f.event_type = 'expired'), 0)::bigint
    into refusals, subscribes, expired
    from fresh as f;
end
$$;

comment on function wedsync_realtime.record_activity(timestamptz, timestamptz) is
'Add up the audit between two minutes; returns what metrics_history keeps of it.';
revoke execute on function wedsync_realtime.record_activity(timestamptz, timestamptz)
from public, anon, authenticated, service_role;
