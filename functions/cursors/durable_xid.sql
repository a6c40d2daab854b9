-- Say upto where transaction ids are on disk, as the last checkpoint knows it: those from there on
-- may be given out again after a crash.

create or replace function wedsync_realtime.durable_xid()
    returns xid8
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_next constant text := (pg_control_checkpoint()).next_xid;
begin
    return (
        (split_part(v_next, ':', 1)::bigint << 32) + split_part(v_next, ':', 2)::bigint
    )::text::xid8;
end
$$;

comment on function wedsync_realtime.durable_xid() is
'First transaction id that a crash could make be given out again.';
revoke execute on function wedsync_realtime.durable_xid()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.durable_xid()
to wedsync_realtime_owner;
