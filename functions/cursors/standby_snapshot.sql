-- Find upto where a standby may tell a lease's topic; null when it must wait. A standby knows what
-- is committed, but a cursor can name only what is below the xmin of its snapshot. A transaction
-- below may have changed a row after one beyond, whose change, told later, would take it back: so
-- it waits too, and so does what changed a row after that. They are followed from change to change
-- of a row, never over all that ran beside: what they wait for has committed already, so the
-- waiting ends. They must fit into a cursor. All changes of a transaction wait together, and so
-- does what followed on any of them. A reset recorded after a change beyond waits like a change of
-- every row: the copy that clients read for it must not be overtaken by what was before it.

create or replace function wedsync_realtime.standby_snapshot(
    lease wedsync_realtime.lease,
    seen  wedsync_realtime.cursor,
    now   pg_snapshot
)
    returns pg_snapshot
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_xmin constant xid8 := pg_snapshot_xmax(now);
    v_first bigint;
    v_since timestamptz;
    v_xids xid8[];
    v_late xid8[];
begin
    select min(e.id), min(e.created_at) into v_first, v_since
    from wedsync_realtime.events as e
    where (e.tenant_id, e.channel_id) = (lease.tenant_id, lease.channel_id)
        and e.xid >= v_xmin
        and pg_visible_in_snapshot(e.xid, seen.seen) is not true;
    if v_first is null then
        return now;
    end if;
    v_xids := array(
        select distinct e.xid
        from wedsync_realtime.events as e
        where (e.tenant_id, e.channel_id) = (lease.tenant_id, lease.channel_id)
            and e.xid >= coalesce(pg_snapshot_xmin(seen.seen), '0')
            and pg_visible_in_snapshot(e.xid, seen.seen) is not true
            and e.id >= v_first
    );

    with recursive fresh as materialized (
        select e.xid, e.id, lead(e.id) over (partition by k.key order by e.id) as next_id
        from wedsync_realtime.events as e
        cross join lateral (
            select jsonb_agg(coalesce(e.new, e.old) -> c.name) as key
            from unnest((
                select c.key_columns from wedsync_realtime.channels as c where c.id = e.channel_id
            )) as c (name)
        ) as k
        where (e.tenant_id, e.channel_id) = (lease.tenant_id, lease.channel_id)
            and e.xid = any (v_xids)
    ),
    late as (
        (
            select x as xid from unnest(v_xids) as x where x >= v_xmin
            union all
            select r.xid
            from wedsync_realtime.resets as r
            where r.channel_id = lease.channel_id and r.created_at >= v_since
                and pg_visible_in_snapshot(r.xid, seen.seen) is not true
        )
        union
        select n.xid
        from late as l
        inner join fresh as f on f.xid = l.xid
        inner join fresh as n on n.id = f.next_id
    )
    select array(select l.xid from late as l where l.xid < v_xmin limit 1001) into v_late;
    return case when cardinality(v_late) <= 1000
        then wedsync_realtime.to_snapshot(v_xmin, v_late)
    end;
end
$$;

comment on function wedsync_realtime.standby_snapshot(
    wedsync_realtime.lease, wedsync_realtime.cursor, pg_snapshot
) is
'Upto where a standby may tell a subscription''s topic; null when it must wait.';
revoke execute on function wedsync_realtime.standby_snapshot(
    wedsync_realtime.lease, wedsync_realtime.cursor, pg_snapshot
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.standby_snapshot(
    wedsync_realtime.lease, wedsync_realtime.cursor, pg_snapshot
)
to wedsync_realtime_owner;
