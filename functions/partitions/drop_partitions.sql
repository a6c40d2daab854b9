-- Drop the partitions that end before a time; of the feed, first note what cursors lose with them.
-- Its last writers are waited for, not its readers; then the parent is locked before the partition,
-- in the order of all readers. Who is in the way keeps it: the drop gives up at the lock timeout,
-- which is short because writers queue behind it, and is tried at the next run.

create or replace function wedsync_realtime.drop_partitions(parent regclass, before timestamptz)
    returns integer
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set lock_timeout = '200ms'
as $$
declare
    v_partition regclass;
    v_dropped integer := 0;
begin
    for v_partition in
        select c.oid::regclass
        from pg_inherits as i
        inner join pg_class as c on c.oid = i.inhrelid
        where
            i.inhparent = parent
            and substring(
                pg_get_expr(c.relpartbound, c.oid) from 'TO \(''([^'']+)''\)'
            )::timestamptz <= before
    loop
        begin
            execute format('lock table %s in share mode', v_partition);
            if parent = 'wedsync_realtime.events'::regclass then
                execute format(
                    'update wedsync_realtime.feed_horizon as h '
                    'set max_xid = greatest(h.max_xid, (select max(e.xid) from %s as e)), '
                    'dropped = pg_current_snapshot()', v_partition
                );
            end if;
            execute format('lock table %s in access exclusive mode', parent);
            execute format('drop table %s', v_partition);
            v_dropped := v_dropped + 1;
        exception
            when lock_not_available then null;
        end;
    end loop;
    return v_dropped;
end
$$;

comment on function wedsync_realtime.drop_partitions(regclass, timestamptz) is
'Drop the partitions that end before a time; returns how many.';
revoke execute on function wedsync_realtime.drop_partitions(regclass, timestamptz)
from public, anon, authenticated, service_role;
