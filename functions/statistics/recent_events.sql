-- Count by topic and minute the events that a snapshot has not seen, without reading the rest of
-- the feed: by the index that polls use, for topics that are known. (A writer in REPEATABLE READ
-- may have recorded for a topic that nobody listened to; those are not counted.)
-- Beside them those of the last minute since a still older snapshot.
-- When nothing has been counted for ten minutes there may be too many for that: a view then shows
-- what has been counted, and the job, which says upto where, reads the feed from end to end.

create or replace function wedsync_realtime.recent_events(
    seen        pg_snapshot,
    seen_before pg_snapshot,
    upto        pg_snapshot default null
)
    returns table (
        channel_id  smallint,
        tenant_id   uuid,
        minute      timestamptz,
        events      bigint,
        last_minute bigint,
        last_at     timestamptz
    )
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
declare
    v_xmax xid8 := pg_snapshot_xmax(seen_before);
    v_xip xid8[] := array(select pg_snapshot_xip(seen_before));
    v_minute_ago timestamptz := clock_timestamp() - interval '1 minute';
begin
    if exists (
        select from wedsync_realtime.metrics_horizon as h
        where h.counted_at < clock_timestamp() - interval '10 minutes'
    ) then
        return query
        select
            e.channel_id, e.tenant_id, date_trunc('minute', e.created_at), count(*), '0'::bigint,
            max(e.created_at)
        from wedsync_realtime.events as e
        where
            upto is not null
            and e.xid >= pg_snapshot_xmin(seen)
            and not pg_visible_in_snapshot(e.xid, seen)
            and pg_visible_in_snapshot(e.xid, upto)
        group by e.channel_id, e.tenant_id, date_trunc('minute', e.created_at);
        return;
    end if;
    return query
    select
        t.channel_id, t.tenant_id, date_trunc('minute', n.created_at),
        count(*) filter (where n.is_new), count(*) filter (where n.created_at > v_minute_ago),
        max(n.created_at)
    from wedsync_realtime.topics as t
    cross join lateral (
        select
            u.created_at,
            not pg_visible_in_snapshot(u.xid, seen)
            and (upto is null or pg_visible_in_snapshot(u.xid, upto)) as is_new
        from (
            select e.xid, e.created_at
            from wedsync_realtime.events as e
            where e.tenant_id = t.tenant_id and e.channel_id = t.channel_id and e.xid >= v_xmax
            union all
            select m.xid, m.created_at
            from unnest(v_xip) as x
            cross join lateral (
                select e.xid, e.created_at
                from wedsync_realtime.events as e
                where e.tenant_id = t.tenant_id and e.channel_id = t.channel_id and e.xid = x
            ) as m
        ) as u
    ) as n
    group by t.channel_id, t.tenant_id, date_trunc('minute', n.created_at);
end
$$;

comment on function wedsync_realtime.recent_events(pg_snapshot, pg_snapshot, pg_snapshot) is
'Events by topic and minute that a snapshot has not seen, and those of the last minute that an '
'older one has not.';
revoke execute on function wedsync_realtime.recent_events(pg_snapshot, pg_snapshot, pg_snapshot)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.recent_events(pg_snapshot, pg_snapshot, pg_snapshot)
to wedsync_realtime_owner, wedsync_realtime_monitor;
