-- Take the snapshot that a cursor keeps.
-- Own, uncommitted changes count as unseen: the caller may make more of them before it commits.

create or replace function wedsync_realtime.current_snapshot()
    returns pg_snapshot
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_snapshot pg_snapshot := pg_current_snapshot();
    v_own xid8 := pg_current_xact_id_if_assigned();
begin
    -- a standby's snapshot lists no running transactions: only what is below xmin is settled
    if pg_is_in_recovery() then
        return wedsync_realtime.to_snapshot(pg_snapshot_xmin(v_snapshot), '{}');
    end if;
    if v_own is null or v_own >= pg_snapshot_xmax(v_snapshot) then
        return v_snapshot;
    end if;
    return wedsync_realtime.to_snapshot(
        pg_snapshot_xmax(v_snapshot),
        array(select pg_snapshot_xip(v_snapshot)) || v_own
    );
end
$$;

comment on function wedsync_realtime.current_snapshot() is
'What a poll may return and its cursor will have seen: everything committed, nothing of the '
'caller''s own transaction.';
revoke execute on function wedsync_realtime.current_snapshot()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.current_snapshot() to wedsync_realtime_owner;
