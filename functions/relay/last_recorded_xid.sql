-- Find the latest transaction that a snapshot has seen of those that left something in the feed, or
-- whose events were removed: a position that had not seen it would be told old things as new.

create or replace function wedsync_realtime.last_recorded_xid(upto pg_snapshot)
    returns xid8
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return greatest(
        (select h.max_xid from wedsync_realtime.feed_horizon as h),
        (
            select e.xid
            from wedsync_realtime.events as e
            where e.is_first and pg_visible_in_snapshot(e.xid, upto)
            order by e.xid desc
            limit 1
        ),
        (
            select n.xid
            from wedsync_realtime.notices as n
            where pg_visible_in_snapshot(n.xid, upto)
            order by n.xid desc
            limit 1
        ),
        (
            select r.xid
            from wedsync_realtime.resets as r
            where pg_visible_in_snapshot(r.xid, upto)
            order by r.xid desc
            limit 1
        )
    );
end
$$;

comment on function wedsync_realtime.last_recorded_xid(pg_snapshot) is
'Latest transaction that a snapshot has seen of those that left something in the feed.';
revoke execute on function wedsync_realtime.last_recorded_xid(pg_snapshot)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.last_recorded_xid(pg_snapshot)
to wedsync_realtime_owner;
