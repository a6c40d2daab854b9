-- Say why a cursor cannot be continued, null when it can. retention_passed: an event it has not
-- seen may be among those removed. A transaction that was still running at the last removal has
-- lost none, because its locks keep its partition.

create or replace function wedsync_realtime.resync_reason(
    cursor   wedsync_realtime.cursor,
    epoch    text,
    topic_id bigint,
    upto     pg_snapshot
)
    returns text
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_xmin xid8 := pg_snapshot_xmin(cursor.seen);
    v_horizon record;
begin
    if cursor.epoch <> resync_reason.epoch then
        return 'epoch_changed';
    end if;
    if cursor.topic_id <> resync_reason.topic_id then
        return 'topic_restarted';
    end if;
    select
        h.max_xid, h.dropped,
        (
            select r.reason
            from wedsync_realtime.topics as t
            inner join wedsync_realtime.resets as r on r.channel_id = t.channel_id
            where
                t.id = resync_reason.topic_id
                and r.xid >= v_xmin
                and pg_visible_in_snapshot(r.xid, upto)
                and not pg_visible_in_snapshot(r.xid, cursor.seen)
            limit 1
        ) as reset_reason
    into v_horizon
    from wedsync_realtime.feed_horizon as h;
    if v_xmin <= v_horizon.max_xid and (
        pg_snapshot_xmax(cursor.seen) <= v_horizon.max_xid or exists (
            select from pg_snapshot_xip(cursor.seen) as x
            where x <= v_horizon.max_xid and pg_visible_in_snapshot(x, v_horizon.dropped)
        )
    ) then
        return 'retention_passed';
    end if;
    -- seen what has not happened yet: by a history that this database has lost
    if pg_snapshot_xmax(cursor.seen) > pg_snapshot_xmax(pg_current_snapshot())
        and not pg_is_in_recovery()
        and current_setting('transaction_isolation') like 'read %'
    then
        return 'epoch_changed';
    end if;
    return v_horizon.reset_reason;
end
$$;

comment on function wedsync_realtime.resync_reason(
    wedsync_realtime.cursor, text, bigint, pg_snapshot
) is
'Why a cursor cannot be continued on a topic; null when it can.';
revoke execute on function wedsync_realtime.resync_reason(
    wedsync_realtime.cursor, text, bigint, pg_snapshot
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.resync_reason(
    wedsync_realtime.cursor, text, bigint, pg_snapshot
)
to wedsync_realtime_owner;
