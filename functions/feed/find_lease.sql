-- Find a caller's lease by its channel id, with all that a poll needs to know besides: one query,
-- because polls are many. Whether the caller may hear the channel is decided anew. Without such a
-- lease only what holds for all of them is known. The limits tell a planner without statistics
-- that there is one row.

create or replace function wedsync_realtime.find_lease(user_id uuid, channel text)
    returns wedsync_realtime.lease
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_lease wedsync_realtime.lease;
begin
    select
        s.id, s.last_ping_at, s.since, s.filter_params,
        t.id, t.tenant_id, t.channel_id, t.is_ready,
        wedsync_realtime.may_hear(find_lease.user_id, t.channel_id, t.tenant_id),
        c.name || ':' || t.tenant_id, c.schema_name, c.table_name,
        (select max(r.xid) from wedsync_realtime.resets as r where r.channel_id = t.channel_id),
        h.max_xid, h.dropped, x.stale_after, x.cursor_secret, x.event_bytes
    into v_lease
    from (select * from wedsync_realtime.settings limit 1) as x
    cross join (select * from wedsync_realtime.feed_horizon limit 1) as h
    left join public.realtime_subscriptions as s
        on s.user_id = find_lease.user_id and s.channel_id = find_lease.channel
    left join wedsync_realtime.topics as t on t.id = s.topic_id
    left join wedsync_realtime.channels as c on c.id = t.channel_id;
    return v_lease;
end
$$;

comment on function wedsync_realtime.find_lease(uuid, text) is
'Lease of a caller by its channel id, with all that a poll needs; its id is null without one.';
revoke execute on function wedsync_realtime.find_lease(uuid, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.find_lease(uuid, text)
to wedsync_realtime_owner;
