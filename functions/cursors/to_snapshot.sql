-- Build a snapshot from its upper bound and the transactions below it that it has not seen, and
-- what another has seen before.

create or replace function wedsync_realtime.to_snapshot(
    xmax xid8,
    xip  xid8[],
    seen pg_snapshot default null
)
    returns pg_snapshot
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_xmax constant xid8 := greatest(xmax, pg_snapshot_xmax(seen));
begin
    if cardinality(xip) = 0 and seen is null then
        return (xmax || ':' || xmax || ':')::pg_snapshot;
    end if;
    return (
        select (concat_ws(
            ':', coalesce(min(u.x), v_xmax), v_xmax,
            coalesce(string_agg(u.x::text, ',' order by u.x), '')
        ))::pg_snapshot
        from (
            select x from unnest(to_snapshot.xip) as x
            where x < to_snapshot.xmax and pg_visible_in_snapshot(x, seen) is not true
            union
            select x from pg_snapshot_xip(seen) as x
            where x >= to_snapshot.xmax or x = any (to_snapshot.xip)
        ) as u
    );
end
$$;

comment on function wedsync_realtime.to_snapshot(xid8, xid8[], pg_snapshot) is
'Snapshot that has seen everything below xmax but the transactions in xip, and what another has.';
revoke execute on function wedsync_realtime.to_snapshot(xid8, xid8[], pg_snapshot)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.to_snapshot(xid8, xid8[], pg_snapshot)
to wedsync_realtime_owner;
