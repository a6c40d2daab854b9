-- Make partitions of the feed and of the audit ahead, drop those past retention, and let idle
-- topics go cold.
-- Invoker: only the owner of a table may make and drop its partitions.

create or replace function wedsync_realtime.maintain_partitions()
    returns integer
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
declare
    v_settings wedsync_realtime.settings;
    v_changed integer := 0;
begin
    perform wedsync_realtime.set_gates();
    -- The job and a deployment would trip over each other's partitions. A lock of the table that
    -- stops neither readers nor writers, because that of a row is written down, and a deployment
    -- with nothing to do writes nothing.
    begin
        lock table wedsync_realtime.feed_horizon in share update exclusive mode nowait;
    exception
        when lock_not_available then return 0;
    end;
    select s.* into v_settings from wedsync_realtime.settings as s;
    perform wedsync_realtime.renew_feed();
    for v_ahead in 0..2 loop
        v_changed := v_changed + wedsync_realtime.add_partition(
            'wedsync_realtime.events',
            date_trunc('day', now()) + v_ahead * interval '1 day', '1 day'
        );
    end loop;
    for v_ahead in 0..2 loop
        v_changed := v_changed + wedsync_realtime.add_partition(
            'public.realtime_activity_logs',
            date_trunc('month', now()) + v_ahead * interval '1 month', '1 month'
        );
    end loop;
    v_changed := v_changed
        + wedsync_realtime.empty_default('wedsync_realtime.events', '1 day')
        + wedsync_realtime.empty_default('public.realtime_activity_logs', '1 month');
    v_changed := v_changed + wedsync_realtime.drop_partitions(
        'wedsync_realtime.events', now() - v_settings.feed_retention
    );
    v_changed := v_changed + wedsync_realtime.drop_partitions(
        'public.realtime_activity_logs', now() - v_settings.log_retention
    );
    -- the application's tables may have got new partitions
    perform wedsync_realtime.attach_channel(c)
    from wedsync_realtime.channels as c
    inner join pg_class as r on r.oid = wedsync_realtime.channel_table(c)
    where r.relkind = 'p';
    perform wedsync_realtime.cool_topics();
    delete from wedsync_realtime.dispatch_failures as f
    where f.last_at < now() - v_settings.feed_retention;
    with gone as (
        delete from wedsync_realtime.resets as r
        where r.created_at < now() - v_settings.feed_retention
        returning r.xid
    )
    update wedsync_realtime.feed_horizon as h
    set max_xid = greatest(h.max_xid, g.xid), dropped = pg_current_snapshot()
    from (select max(r.xid) as xid from gone as r) as g
    where g.xid is not null;
    return v_changed;
end
$$;

comment on function wedsync_realtime.maintain_partitions() is
'Make partitions ahead, drop those past retention, let idle topics go cold; returns how many '
'partitions changed.';
revoke execute on function wedsync_realtime.maintain_partitions()
from public, anon, authenticated, service_role;
