-- Take the snapshot in which a new lease on a topic starts. A crash gives ids out again that were
-- not on disk, so it claims no transaction that began after this one, except those up to the last
-- with an event on the topic: they are on disk, and one that is told again could take back what an
-- older transaction has written after it.

create or replace function wedsync_realtime.lease_snapshot(channel_id smallint, tenant_id uuid)
    returns pg_snapshot
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
-- it assigns a transaction id: @plpgsql_check_options: performance_warnings = off
declare
    v_now pg_snapshot := pg_current_snapshot();
    v_own xid8 := pg_current_xact_id();
    v_last xid8;
begin
    if pg_snapshot_xmax(v_now) <= v_own then
        return v_now;
    end if;
    select e.xid into v_last
    from wedsync_realtime.events as e
    where
        e.tenant_id = lease_snapshot.tenant_id
        and e.channel_id = lease_snapshot.channel_id
        and e.xid <> v_own
        and pg_visible_in_snapshot(e.xid, v_now)
    order by e.xid desc
    limit 1;
    return wedsync_realtime.to_snapshot(
        greatest(v_own::text::bigint, v_last::text::bigint + 1)::text::xid8,
        array(select pg_snapshot_xip(v_now)) || v_own
    );
end
$$;

comment on function wedsync_realtime.lease_snapshot(smallint, uuid) is
'Snapshot in which a new lease on a topic starts.';
revoke execute on function wedsync_realtime.lease_snapshot(smallint, uuid)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.lease_snapshot(smallint, uuid)
to wedsync_realtime_owner;
