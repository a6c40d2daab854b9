-- Say whether a topic has more new events than may be replayed.

create or replace function wedsync_realtime.is_far_behind(
    lease wedsync_realtime.lease,
    seen  wedsync_realtime.cursor
)
    returns boolean
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (
        select
        from wedsync_realtime.events as e
        where
            e.tenant_id = lease.tenant_id and e.channel_id = lease.channel_id
            and e.xid >= pg_snapshot_xmax(seen.seen)
        offset lease.replay_events
    );
end
$$;

comment on function wedsync_realtime.is_far_behind(
    wedsync_realtime.lease, wedsync_realtime.cursor
) is
'Whether a topic has more new events than settings.replay_events.';
revoke execute on function wedsync_realtime.is_far_behind(
    wedsync_realtime.lease, wedsync_realtime.cursor
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.is_far_behind(
    wedsync_realtime.lease, wedsync_realtime.cursor
)
to wedsync_realtime_owner;
