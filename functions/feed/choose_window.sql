-- Choose upto where a poll reads when its case is not the usual one: inside a window that was cut,
-- on a standby, in a caller's own transaction or old snapshot, beside older transactions, or with a
-- cursor that cannot be continued, which is told by the reason. Null: wait, because what the cursor
-- has seen or its window holds is not all to be seen here.
-- Whoever is behind by more than may be replayed reads the copy anew, which is cheaper.

create or replace function wedsync_realtime.choose_window(
    lease      wedsync_realtime.lease,
    seen       wedsync_realtime.cursor,
    out upto   pg_snapshot,
    out reason text
)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now constant pg_snapshot := wedsync_realtime.current_snapshot();
begin
    upto := v_now;
    if seen.upto is not null then
        upto := case when wedsync_realtime.shows_window(seen, v_now) then seen.upto end;
    elsif pg_is_in_recovery() then
        upto := wedsync_realtime.standby_snapshot(lease, seen, v_now);
    end if;
    reason := wedsync_realtime.resync_reason(
        lease, seen, lease.epoch,
        case when seen.upto is null then coalesce(upto, v_now) else v_now end
    );
    if reason is null and seen.upto is null then
        select 'too_far_behind' into reason
        from wedsync_realtime.events as e
        where e.tenant_id = lease.tenant_id and e.channel_id = lease.channel_id
            and e.xid >= pg_snapshot_xmax(seen.seen)
        offset lease.replay_events limit 1;
    end if;
    if reason is not null then
        upto := case when pg_is_in_recovery()
            then wedsync_realtime.standby_snapshot(lease, null, v_now) else v_now
        end;
    -- a snapshot older than the cursor's, as on a standby that lags, must not turn it back
    elsif seen.upto is null and upto is not null
        and pg_snapshot_xmin(v_now) < pg_snapshot_xmax(seen.seen)
    then
        upto := wedsync_realtime.to_snapshot(
            pg_snapshot_xmax(upto), array(select pg_snapshot_xip(upto)), seen.seen
        );
    end if;
end
$$;

comment on function wedsync_realtime.choose_window(
    wedsync_realtime.lease, wedsync_realtime.cursor
) is
'Upto where a poll reads when its case is not the usual one; or why the client must resync.';
revoke execute on function wedsync_realtime.choose_window(
    wedsync_realtime.lease, wedsync_realtime.cursor
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.choose_window(
    wedsync_realtime.lease, wedsync_realtime.cursor
)
to wedsync_realtime_owner;
