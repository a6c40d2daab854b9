-- Say why a cursor cannot be continued, null when it can. retention_passed: an event it has not
-- seen may be among those removed. A transaction that was still running at the last removal has
-- lost none, because its locks keep its partition.

create or replace function wedsync_realtime.resync_reason(
    cursor   wedsync_realtime.cursor,
    epoch    text,
    topic_id bigint
)
    returns text
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select case
            when cursor.epoch <> resync_reason.epoch then 'epoch_changed'
            when cursor.topic_id <> resync_reason.topic_id then 'topic_restarted'
            when pg_snapshot_xmax(cursor.seen) <= h.max_xid or exists (
                select from pg_snapshot_xip(cursor.seen) as x
                where x <= h.max_xid and pg_visible_in_snapshot(x, h.dropped)
            ) then 'retention_passed'
            when
                not pg_is_in_recovery()
                and current_setting('transaction_isolation') = 'read committed'
                and pg_snapshot_xmax(cursor.seen) > pg_snapshot_xmax(pg_current_snapshot())
            then 'epoch_changed'
        end
        from wedsync_realtime.feed_horizon as h
    );
end
$$;

comment on function wedsync_realtime.resync_reason(wedsync_realtime.cursor, text, bigint) is
'Why a cursor cannot be continued on a topic; null when it can.';
revoke execute on function wedsync_realtime.resync_reason(wedsync_realtime.cursor, text, bigint)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.resync_reason(wedsync_realtime.cursor, text, bigint)
to wedsync_realtime_owner;
