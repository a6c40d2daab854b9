-- Forget what nobody needs any more: idle rate-limit rows, old metrics, what old runs of relays
-- reported, and the runs of this package's jobs that pg_cron would keep for ever. A rate that a
-- call in an open transaction holds is not idle. A relay's report stays until another has reported
-- a day later: that the last one is gone is not forgotten by itself. A run that pg_cron gave no
-- time, as where it could not connect, goes with those that began after it and are that old; one
-- that is at work stays.

create or replace function wedsync_realtime.purge()
    returns bigint
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_settings wedsync_realtime.settings;
    v_total bigint;
    v_details bigint;
begin
    select s.* into v_settings from wedsync_realtime.settings as s;
    with rates as (
        delete from wedsync_realtime.rate_limits as r
        using (
            select i.user_id, i.action
            from wedsync_realtime.rate_limits as i
            where i.full_at < now() - interval '1 hour'
            for update skip locked
        ) as idle
        where r.user_id = idle.user_id and r.action = idle.action
        returning 1
    ),
    quarters as (
        delete from wedsync_realtime.topic_quarters as q
        where q.quarter < now() - interval '25 hours'
        returning 1
    ),
    history as (
        delete from wedsync_realtime.metrics_history as h
        where h.sampled_at < now() - v_settings.metrics_retention
        returning 1
    ),
    channels as (
        delete from wedsync_realtime.channel_minutes as c
        where c.minute < now() - v_settings.metrics_retention
        returning 1
    ),
    activity as (
        delete from wedsync_realtime.activity_minutes as a
        where a.minute < now() - v_settings.metrics_retention
        returning 1
    ),
    relays as (
        delete from wedsync_realtime.relays as r
        where
            r.seen_at < (select max(l.seen_at) from wedsync_realtime.relays as l) - interval '1 day'
        returning 1
    )
    select count(*) into v_total
    from (
        table rates union all table quarters union all table history
        union all table channels union all table activity union all table relays
    ) as gone;

    if exists (select from pg_extension as e where e.extname = 'pg_cron') then
        -- dynamic, because the tables are there only with the extension
        execute
            'delete from cron.job_run_details as d using cron.job as j '
            'where j.jobid = d.jobid and j.jobname like ''wedsync-realtime-%'' '
            'and j.database = current_database() '
            'and (d.status in (''starting'', ''running'')) is not true '
            'and (coalesce(d.end_time, d.start_time) < now() - $1 '
            'or coalesce(d.end_time, d.start_time) is null and d.runid < (select max(o.runid) '
            'from cron.job_run_details as o where coalesce(o.end_time, o.start_time) < now() - $1))'
        using v_settings.job_details_retention;
        get diagnostics v_details = row_count;
    end if;
    return v_total + coalesce(v_details, 0);
end
$$;

comment on function wedsync_realtime.purge() is
'Forget idle rates, old metrics, old runs of relays and jobs; returns how many rows went.';
revoke execute on function wedsync_realtime.purge()
from public, anon, authenticated, service_role;
