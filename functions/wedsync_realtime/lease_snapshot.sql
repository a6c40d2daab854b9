-- Take the snapshot in which a new lease starts: what was committed and had its id before this
-- transaction, so that a crash after its commit cannot give such an id out again.

create or replace function wedsync_realtime.lease_snapshot()
    returns pg_snapshot
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
-- it assigns a transaction id: @plpgsql_check_options: performance_warnings = off
declare
    v_now pg_snapshot := wedsync_realtime.current_snapshot();
    v_own xid8 := pg_current_xact_id();
begin
    if pg_snapshot_xmax(v_now) <= v_own then
        return v_now;
    end if;
    return wedsync_realtime.to_snapshot(v_own, array(select pg_snapshot_xip(v_now)));
end
$$;

comment on function wedsync_realtime.lease_snapshot() is
'Snapshot in which a new lease starts.';
revoke execute on function wedsync_realtime.lease_snapshot()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.lease_snapshot()
to wedsync_realtime_owner;
