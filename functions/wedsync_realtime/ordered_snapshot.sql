-- Take from a standby's snapshot, which ends at its xmin, the transactions that must wait for one
-- beyond: they have written after it, perhaps the same row, though they began before it. Whoever
-- got such a change first would keep the older state. What waits may itself have written before
-- others, so they wait too, until none is left that would come too early.

create or replace function wedsync_realtime.ordered_snapshot(
    lease wedsync_realtime.lease,
    seen  pg_snapshot,
    upto  pg_snapshot
)
    returns pg_snapshot
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_first bigint;
    v_before bigint;
    v_late xid8[] := array[]::xid8[];
begin
    select min(e.id) into v_first
    from wedsync_realtime.events as e
    where (e.tenant_id, e.channel_id) = (lease.tenant_id, lease.channel_id)
        and e.xid >= pg_snapshot_xmax(upto)
        and pg_visible_in_snapshot(e.xid, seen) is not true;
    while v_first is not null and coalesce(v_first < v_before, true) loop
        v_before := v_first;
        v_late := array(
            select distinct e.xid
            from wedsync_realtime.events as e
            where (e.tenant_id, e.channel_id) = (lease.tenant_id, lease.channel_id)
                and e.xid >= coalesce(pg_snapshot_xmin(seen), '0')
                and e.xid < pg_snapshot_xmax(upto)
                and e.id > v_before
                and pg_visible_in_snapshot(e.xid, seen) is not true
        );
        select min(e.id) into v_first
        from wedsync_realtime.events as e
        where (e.tenant_id, e.channel_id) = (lease.tenant_id, lease.channel_id)
            and e.xid = any (v_late);
    end loop;
    return wedsync_realtime.to_snapshot(pg_snapshot_xmax(upto), v_late);
end
$$;

comment on function wedsync_realtime.ordered_snapshot(
    wedsync_realtime.lease, pg_snapshot, pg_snapshot
) is
'A standby''s snapshot without transactions whose changes would come before earlier ones.';
revoke execute on function wedsync_realtime.ordered_snapshot(
    wedsync_realtime.lease, pg_snapshot, pg_snapshot
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.ordered_snapshot(
    wedsync_realtime.lease, pg_snapshot, pg_snapshot
)
to wedsync_realtime_owner;
