-- Say why a position cannot be continued, null when it can: what holds for the cursor of any topic.

create or replace function wedsync_realtime.position_problem(
    seen  wedsync_realtime.cursor,
    epoch text,
    now   pg_snapshot
)
    returns text
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_lease wedsync_realtime.lease;
begin
    if seen.seen is null then
        return null;
    end if;
    if seen.epoch = '' then
        return 'stream_restarted';
    end if;
    select h.max_xid, h.dropped into v_lease.max_xid, v_lease.dropped
    from wedsync_realtime.feed_horizon as h;
    v_lease.topic_id := seen.topic_id;
    return wedsync_realtime.resync_reason(v_lease, seen, epoch, now);
end
$$;

comment on function wedsync_realtime.position_problem(
    wedsync_realtime.cursor, text, pg_snapshot
) is
'Why a position cannot be continued; null when it can.';
revoke execute on function wedsync_realtime.position_problem(
    wedsync_realtime.cursor, text, pg_snapshot
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.position_problem(
    wedsync_realtime.cursor, text, pg_snapshot
)
to wedsync_realtime_owner;
