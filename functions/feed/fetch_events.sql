-- Fetch a page of a lease's topic: what the cursor has not seen and is committed now, with the
-- cursor to go on from; or say that the client must read its copy anew. Without a cursor it begins
-- where the lease does. Of an idle topic the cursor nearly always stays as it was, so it is
-- answered as it came. Where a page was cut it goes on in the same window, or waits while that is
-- not all to be seen: on a standby that is behind, in a caller's old snapshot.

create or replace function wedsync_realtime.fetch_events(
    lease      wedsync_realtime.lease,
    channel    text,
    cursor     text,
    seen       wedsync_realtime.cursor,
    max_events integer
)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now constant pg_snapshot := wedsync_realtime.current_snapshot();
    v_epoch constant text := wedsync_realtime.epoch();
    v_upto pg_snapshot := v_now;
    v_reason text;
    v_page wedsync_realtime.page;
    v_answer jsonb;
begin
    if cursor is null then
        seen := row(
            v_epoch, lease.topic_id, lease.since, null, null
        )::wedsync_realtime.cursor;
    end if;
    if seen.upto is not null then
        v_upto := case when wedsync_realtime.shows_window(seen, v_now) then seen.upto end;
    elsif pg_is_in_recovery() then
        v_upto := wedsync_realtime.standby_snapshot(lease, seen, v_now);
    end if;
    v_reason := wedsync_realtime.resync_reason(
        lease, seen, v_epoch,
        case when seen.upto is null then coalesce(v_upto, v_now) else v_now end
    );
    if v_reason is not null then
        v_upto := case when pg_is_in_recovery()
            then wedsync_realtime.standby_snapshot(lease, null, v_now) else v_now
        end;
    end if;
    if v_upto is null then
        v_reason := null;
        v_page.next := seen;
    elsif v_reason is not null then
        v_page.next := row(v_epoch, lease.topic_id, wedsync_realtime.durable_snapshot(
            null, v_upto, wedsync_realtime.last_xid(lease, v_upto)
        ), null, null)::wedsync_realtime.cursor;
    else
        -- a snapshot older than the cursor's, as on a standby that lags, must not turn it back
        if seen.upto is null and pg_snapshot_xmin(v_now) < pg_snapshot_xmax(seen.seen) then
            v_upto := wedsync_realtime.union_snapshot(seen.seen, v_upto);
        end if;
        v_page := wedsync_realtime.read_page(lease, channel, seen, v_upto, max_events);
    end if;

    v_answer := jsonb_build_object(
        'success', true,
        'ready', lease.is_ready,
        'events', coalesce(v_page.events, '{}'),
        'cursor', case
            when v_page.next::text = seen::text and cursor is not null then cursor
            else wedsync_realtime.to_cursor(v_page.next, lease.cursor_secret)
        end,
        'hasMore', coalesce(v_page.has_more, false),
        'resyncRequired', v_reason is not null,
        'reason', v_reason
    );
    if v_page.cut is not null then
        return wedsync_realtime.mark_cut(v_answer, v_page.cut);
    end if;
    return v_answer;
end
$$;

comment on function wedsync_realtime.fetch_events(
    wedsync_realtime.lease, text, text, wedsync_realtime.cursor, integer
) is
'One page of events of a subscription''s topic after a cursor, with the cursor to go on from.';
revoke execute on function wedsync_realtime.fetch_events(
    wedsync_realtime.lease, text, text, wedsync_realtime.cursor, integer
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.fetch_events(
    wedsync_realtime.lease, text, text, wedsync_realtime.cursor, integer
)
to wedsync_realtime_owner;
