-- Say why a cursor cannot be continued, null when it can. retention_passed: an event it has not
-- seen may be among those removed. A transaction that was still running at the last removal has
-- lost none, because its locks keep its partition. A caller's old snapshot knows nothing of a
-- removal since, but of the partition, and that this is gone shows in any. Resets are looked at
-- only when the cursor may not have seen the last of them.

create or replace function wedsync_realtime.resync_reason(
    lease wedsync_realtime.lease,
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
    v_xmin constant xid8 := pg_snapshot_xmin(seen.seen);
begin
    if seen.epoch <> resync_reason.epoch then
        return 'epoch_changed';
    end if;
    if seen.topic_id <> lease.topic_id then
        return 'topic_restarted';
    end if;
    if v_xmin <= lease.max_xid and (
        pg_snapshot_xmax(seen.seen) <= lease.max_xid or exists (
            select from pg_snapshot_xip(seen.seen) as x
            where x <= lease.max_xid and pg_visible_in_snapshot(x, lease.dropped)
        )
    ) then
        return 'retention_passed';
    end if;
    if current_setting('transaction_isolation') not like 'read %' and exists (
        select from pg_inherits as i
        where
            i.inhparent = 'wedsync_realtime.events'::regclass
            and pg_table_is_visible(i.inhrelid) is null
    ) then
        return 'retention_passed';
    end if;
    -- seen what has not happened yet: by a history that this database has lost
    if pg_snapshot_xmax(seen.seen) > pg_snapshot_xmax(pg_current_snapshot())
        and not pg_is_in_recovery()
        and current_setting('transaction_isolation') like 'read %'
    then
        return 'epoch_changed';
    end if;
    if lease.last_reset >= v_xmin then
        return (
            select r.reason
            from wedsync_realtime.resets as r
            where
                r.channel_id = lease.channel_id
                and r.xid >= v_xmin
                and pg_visible_in_snapshot(r.xid, now)
                and not pg_visible_in_snapshot(r.xid, seen.seen)
            limit 1
        );
    end if;
    return null;
end
$$;

comment on function wedsync_realtime.resync_reason(
    wedsync_realtime.lease, wedsync_realtime.cursor, text, pg_snapshot
) is
'Why a cursor cannot be continued on a topic; null when it can.';
revoke execute on function wedsync_realtime.resync_reason(
    wedsync_realtime.lease, wedsync_realtime.cursor, text, pg_snapshot
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.resync_reason(
    wedsync_realtime.lease, wedsync_realtime.cursor, text, pg_snapshot
)
to wedsync_realtime_owner;
