-- Read what is left of a lease's topic by transactions that were running when its cursor was
-- taken: all, or the first few. Apart from the others, because there nearly always is none; no
-- more than are asked for, because they are copied, and one transaction may have left millions.

create or replace function wedsync_realtime.late_events(
    lease      wedsync_realtime.lease,
    seen       wedsync_realtime.cursor,
    upto       pg_snapshot,
    max_events integer
)
    returns setof wedsync_realtime.events
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select e.*
    from wedsync_realtime.events as e
    where
        (e.tenant_id, e.channel_id) = (lease.tenant_id, lease.channel_id)
        and e.xid = any (array(select pg_snapshot_xip(seen.seen)))
        and e.id > coalesce(seen.last_id, 0)
        and pg_visible_in_snapshot(e.xid, upto)
    order by e.id
    limit max_events;
end
$$;

comment on function wedsync_realtime.late_events(
    wedsync_realtime.lease, wedsync_realtime.cursor, pg_snapshot, integer
) is
'Events by transactions that were running when a cursor was taken.';
revoke execute on function wedsync_realtime.late_events(
    wedsync_realtime.lease, wedsync_realtime.cursor, pg_snapshot, integer
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.late_events(
    wedsync_realtime.lease, wedsync_realtime.cursor, pg_snapshot, integer
)
to wedsync_realtime_owner;
