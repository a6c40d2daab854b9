-- Fetch a page of a topic: what the cursor has not seen and is committed now, in the order of
-- recording, with the cursor to go on from. A page that is cut goes on inside the same window.

create or replace function wedsync_realtime.fetch_events(
    topic_id   bigint,
    cursor     wedsync_realtime.cursor,
    channel    text,
    filter     jsonb,
    max_events integer,
    is_ready   boolean
)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now pg_snapshot := wedsync_realtime.current_snapshot();
    v_epoch text := wedsync_realtime.epoch();
    v_reason text := wedsync_realtime.resync_reason(cursor, v_epoch, topic_id, v_now);
    v_upto pg_snapshot := coalesce(cursor.upto, v_now);
    v_page record;
    v_events jsonb := jsonb_build_array();
    v_has_more boolean := false;
    v_next wedsync_realtime.cursor;
begin
    v_next.epoch := v_epoch;
    v_next.topic_id := topic_id;
    -- a snapshot older than the cursor's, as on a standby that lags, must not turn it back
    if cursor.upto is null and pg_snapshot_xmin(v_now) < pg_snapshot_xmax(cursor.seen) then
        v_upto := wedsync_realtime.union_snapshot(cursor.seen, v_now);
    end if;
    if v_reason is not null then
        v_next.seen := wedsync_realtime.durable_snapshot(
            null, v_now, wedsync_realtime.last_xid(topic_id, v_now)
        );
    elsif cursor.upto is not null and pg_is_in_recovery()
        and pg_snapshot_xmin(v_now) < pg_snapshot_xmax(cursor.upto)
    then
        v_next := cursor;
    else
        select p.* into v_page
        from wedsync_realtime.read_page(
            topic_id, cursor.seen, v_upto, coalesce(cursor.last_id, 0),
            channel, nullif(filter - array['supplier_id', 'couple_id', 'wedding_id'], '{}'),
            max_events
        ) as p;
        v_events := v_page.events;
        v_has_more := v_page.has_more;
        if cursor.upto is null then
            v_upto := wedsync_realtime.durable_snapshot(
                cursor.seen, v_upto, case
                    when v_has_more then wedsync_realtime.last_xid(topic_id, v_upto)
                    else v_page.last_xid
                end
            );
        end if;
        v_next.seen := case when v_has_more then cursor.seen else v_upto end;
        v_next.upto := case when v_has_more then v_upto end;
        v_next.last_id := v_page.last_id;
    end if;

    return jsonb_build_object(
        'success', true,
        'ready', is_ready,
        'events', v_events,
        'cursor', wedsync_realtime.to_cursor(v_next),
        'hasMore', v_has_more,
        'resyncRequired', v_reason is not null,
        'reason', v_reason
    );
end
$$;

comment on function
wedsync_realtime.fetch_events(bigint, wedsync_realtime.cursor, text, jsonb, integer, boolean) is
'One page of events of a topic after a cursor, with the cursor to go on from.';
revoke execute on function
wedsync_realtime.fetch_events(bigint, wedsync_realtime.cursor, text, jsonb, integer, boolean)
from public, anon, authenticated, service_role;
grant execute on function
wedsync_realtime.fetch_events(bigint, wedsync_realtime.cursor, text, jsonb, integer, boolean)
to wedsync_realtime_owner;
