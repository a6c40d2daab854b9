-- Find upto where a standby may tell what is new; null when it must wait. As for polls, a standby
-- knows what is committed, but a position can name only what is below the xmin of its snapshot. A
-- transaction below may have changed a row after one beyond, whose change, told later, would take
-- it back: so all below wait that recorded anything after the first event beyond. What is told has
-- recorded all before that, so nothing that waits came before it on any row.

create or replace function wedsync_realtime.standby_upto(seen pg_snapshot, now pg_snapshot)
    returns pg_snapshot
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_xmin constant xid8 := pg_snapshot_xmax(now);
    v_xmax constant xid8 := pg_snapshot_xmax(seen);
    v_xip constant xid8[] := array(select pg_snapshot_xip(seen));
    v_first bigint;
    v_since timestamptz;
    v_late xid8[];
begin
    select min(e.id), min(e.created_at) into v_first, v_since
    from wedsync_realtime.events as e
    where e.is_first and e.xid >= v_xmin and not pg_visible_in_snapshot(e.xid, seen);
    if v_first is not null then
        v_late := array(
            select n.xid
            from (
                select e.xid, e.id from wedsync_realtime.events as e
                where e.is_first and e.xid >= v_xmax
                union all
                select e.xid, e.id from wedsync_realtime.late_firsts(v_xip) as e
                union all
                select a.xid, a.id from wedsync_realtime.notices as a where a.xid >= v_xmax
                union all
                select a.xid, a.id from wedsync_realtime.notices as a where a.xid = any (v_xip)
                union all
                select r.xid, v_first + 1 from wedsync_realtime.resets as r
                where r.created_at >= v_since
            ) as n
            where
                n.xid < v_xmin and n.id > v_first and not pg_visible_in_snapshot(n.xid, seen)
            group by n.xid
            limit 1001
        );
    end if;
    if cardinality(v_late) > 1000 then
        return null;
    end if;
    -- a standby that lags must not turn the position back
    return wedsync_realtime.to_snapshot(v_xmin, coalesce(v_late, '{}'), seen);
end
$$;

comment on function wedsync_realtime.standby_upto(pg_snapshot, pg_snapshot) is
'Upto where a standby may tell a relay what is new; null when it must wait.';
revoke execute on function wedsync_realtime.standby_upto(pg_snapshot, pg_snapshot)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.standby_upto(pg_snapshot, pg_snapshot)
to wedsync_realtime_owner;
