-- Unite what two snapshots have seen.

create or replace function wedsync_realtime.union_snapshot(one pg_snapshot, two pg_snapshot)
    returns pg_snapshot
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select wedsync_realtime.to_snapshot(
            greatest(pg_snapshot_xmax(one), pg_snapshot_xmax(two)),
            array(
                select x from pg_snapshot_xip(one) as x where not pg_visible_in_snapshot(x, two)
                union
                select x from pg_snapshot_xip(two) as x where not pg_visible_in_snapshot(x, one)
            )
        )
    );
end
$$;

comment on function wedsync_realtime.union_snapshot(pg_snapshot, pg_snapshot) is
'Snapshot that has seen what either of two has seen.';
revoke execute on function wedsync_realtime.union_snapshot(pg_snapshot, pg_snapshot)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.union_snapshot(pg_snapshot, pg_snapshot)
to wedsync_realtime_owner;
