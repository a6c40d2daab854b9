-- Take from a snapshot what a crash could make untrue: transaction ids whose records may not be
-- on disk are given out again afterwards, and a cursor that had seen them would pass over their
-- events. What has been seen before and what left an event stays; where none did, what the last
-- checkpoint knows.

create or replace function wedsync_realtime.durable_snapshot(
    seen     pg_snapshot,
    upto     pg_snapshot,
    last_xid xid8
)
    returns pg_snapshot
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_xmax bigint;
begin
    if pg_snapshot_xmax(seen) >= pg_snapshot_xmax(upto) then
        return upto;
    end if;
    v_xmax := greatest(
        coalesce(last_xid::text::bigint + 1, wedsync_realtime.durable_xid()::text::bigint),
        pg_snapshot_xmax(seen)::text::bigint
    );
    if v_xmax >= pg_snapshot_xmax(upto)::text::bigint then
        return upto;
    end if;
    return wedsync_realtime.to_snapshot(v_xmax::text::xid8, case
        when pg_snapshot_xmin(upto) < pg_snapshot_xmax(upto)
            then array(select pg_snapshot_xip(upto))
        else '{}'
    end);
end
$$;

comment on function wedsync_realtime.durable_snapshot(pg_snapshot, pg_snapshot, xid8) is
'Snapshot without what a crash could make untrue.';
revoke execute on function wedsync_realtime.durable_snapshot(pg_snapshot, pg_snapshot, xid8)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.durable_snapshot(pg_snapshot, pg_snapshot, xid8)
to wedsync_realtime_owner;
