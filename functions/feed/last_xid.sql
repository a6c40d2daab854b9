-- Find the latest transaction with an event or a reset on a lease's topic that a snapshot has
-- seen, or that was removed from the feed: a cursor that had not seen that would have to resync
-- again.

create or replace function wedsync_realtime.last_xid(
    lease wedsync_realtime.lease,
    upto  pg_snapshot
)
    returns xid8
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return greatest(
        lease.max_xid,
        (
            select e.xid
            from wedsync_realtime.events as e
            where
                e.tenant_id = lease.tenant_id
                and e.channel_id = lease.channel_id
                and pg_visible_in_snapshot(e.xid, upto)
            order by e.xid desc
            limit 1
        ),
        (
            select r.xid
            from wedsync_realtime.resets as r
            where r.channel_id = lease.channel_id and pg_visible_in_snapshot(r.xid, upto)
            order by r.xid desc
            limit 1
        )
    );
end
$$;

comment on function wedsync_realtime.last_xid(wedsync_realtime.lease, pg_snapshot) is
'Latest transaction with an event or a reset on a subscription''s topic that a snapshot has seen, '
'or with a removed event.';
revoke execute on function wedsync_realtime.last_xid(wedsync_realtime.lease, pg_snapshot)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.last_xid(wedsync_realtime.lease, pg_snapshot)
to wedsync_realtime_owner;
