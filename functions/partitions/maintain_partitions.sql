-- Make partitions of the feed and of the audit ahead, drop those past retention, and let idle
-- topics go cold. The feed comes last: what is locked of it stops every poll and hot write until
-- this transaction ends.
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
    -- The job and a deployment would trip over each other's partitions. A table's lock, because
    -- one of a row would make every deployment write.
    begin
        lock table wedsync_realtime.feed_horizon in share update exclusive mode nowait;
    exception
        when lock_not_available then
            return 0;
    end;
    select s.* into v_settings from wedsync_realtime.settings as s;
    for v_ahead in 0..2 loop
        v_changed := v_changed + wedsync_realtime.add_partition(
            'public.realtime_activity_logs',
            date_trunc('month', now()) + v_ahead * interval '1 month', '1 month'
        );
    end loop;
    v_changed := v_changed
        + wedsync_realtime.empty_default('public.realtime_activity_logs', '1 month');
    v_changed := v_changed + wedsync_realtime.drop_partitions(
        'public.realtime_activity_logs', now() - v_settings.log_retention
    );
    perform wedsync_realtime.cool_topics();
    delete from wedsync_realtime.dispatch_failures as f
    where f.last_at < now() - v_settings.feed_retention;
    with gone as (
        delete from wedsync_realtime.resets as r
        where r.created_at < now() - v_settings.feed_retention
        returning r.xid
    ),
    forgotten as (
        delete from wedsync_realtime.notices as n
        where n.created_at < now() - v_settings.feed_retention
        returning n.xid
    )
    update wedsync_realtime.feed_horizon as h
    set max_xid = greatest(h.max_xid, g.xid), dropped = pg_current_snapshot()
    from (
        select max(r.xid) as xid
        from (table gone union all table forgotten) as r
    ) as g
    where g.xid is not null;

    perform wedsync_realtime.renew_feed();
    for v_ahead in 0..2 loop
        v_changed := v_changed + wedsync_realtime.add_partition(
            'wedsync_realtime.events',
            date_trunc('day', now()) + v_ahead * interval '1 day', '1 day'
        );
    end loop;
    v_changed := v_changed
        + wedsync_realtime.empty_default('wedsync_realtime.events', '1 day');
    v_changed := v_changed + wedsync_realtime.drop_partitions(
        'wedsync_realtime.events', now() - v_settings.feed_retention
    );
    return v_changed;
end
$$;

comment on function wedsync_realtime.maintain_partitions() is
'Make partitions ahead, drop those past retention, let idle topics go cold; returns how many '
'partitions changed.';
revoke execute on function wedsync_realtime.maintain_partitions()
from public, anon, authenticated, service_role;
