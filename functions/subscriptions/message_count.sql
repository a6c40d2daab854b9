-- Count what came for a user in the last 24 hours. Exactly: the events of the last 24 hours on
-- topics that a lease of the user listened to, that were committed after the lease began and
-- before it ended, and recorded before it had expired; whatever the filters of the lease, and each
-- event once, however many leases heard it. What ended leases heard is told by their record in
-- the audit, so that nothing has to be written for a subscriber.
-- A snapshot has not seen what is from its xmax on, and the few below that were running: two index
-- ranges, as in a poll. They are read by key, whatever the planner takes a topic for: the feed
-- holds what everybody wrote.

create or replace function wedsync_realtime.message_count(
    user_id      uuid,
    out messages bigint,
    out last_at  timestamptz
)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set jit = off
    set enable_seqscan = off
    set enable_bitmapscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
as $$
declare
    v_after timestamptz := clock_timestamp() - interval '24 hours';
begin
    select count(distinct e.id), max(e.created_at) into messages, last_at
    from (
        select
            t.channel_id, t.tenant_id, s.since, null::pg_snapshot as until,
            s.last_ping_at + x.stale_after as expires_at
        from public.realtime_subscriptions as s
        inner join wedsync_realtime.topics as t on t.id = s.topic_id
        cross join wedsync_realtime.settings as x
        where s.user_id = message_count.user_id
        union all
        select
            c.id, split_part(l.payload ->> 'topic', ':', 2)::uuid,
            (l.payload ->> 'since')::pg_snapshot, (l.payload ->> 'until')::pg_snapshot,
            (l.payload ->> 'expiresAt')::timestamptz
        from public.realtime_activity_logs as l
        inner join wedsync_realtime.channels as c
            on c.name = split_part(l.payload ->> 'topic', ':', 1)
        where
            l.user_id = message_count.user_id
            and l."timestamp" > v_after
            and l.payload ? 'until'
    ) as s
    cross join lateral (
        select f.id, f.xid, f.created_at
        from wedsync_realtime.events as f
        where
            f.tenant_id = s.tenant_id and f.channel_id = s.channel_id
            and f.created_at > v_after
            and f.xid >= pg_snapshot_xmax(s.since)
            and (s.until is null or f.xid < pg_snapshot_xmax(s.until))
        union all
        select f.id, f.xid, f.created_at
        from pg_snapshot_xip(s.since) as x
        inner join wedsync_realtime.events as f
            on f.tenant_id = s.tenant_id and f.channel_id = s.channel_id and f.xid = x
        where f.created_at > v_after
        offset 0
    ) as e
    where
        e.created_at < s.expires_at
        and (s.until is null or pg_visible_in_snapshot(e.xid, s.until));
end
$$;

comment on function wedsync_realtime.message_count(uuid) is
'Events of the last 24 hours on a user''s topics, committed while a lease of theirs was live.';
revoke execute on function wedsync_realtime.message_count(uuid)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.message_count(uuid)
to wedsync_realtime_owner;
