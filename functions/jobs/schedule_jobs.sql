-- Schedule the pg_cron jobs by settings; false where pg_cron is not installed or this role may not
-- use it, of which cron_advice() tells.

create or replace function wedsync_realtime.schedule_jobs()
    returns boolean
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_job record;
begin
    if has_schema_privilege(to_regnamespace('cron'), 'usage') is not true then
        return false;
    end if;
    for v_job in
        select j.*
        from wedsync_realtime.settings as s
        cross join lateral (values
            ('cleanup', s.cleanup_schedule),
            ('partitions', s.partitions_schedule),
            ('purge', s.purge_schedule),
            ('metrics', s.metrics_schedule)
        ) as t (job, schedule)
        cross join lateral (
            select
                'wedsync-realtime-' || t.job as name, t.schedule,
                format('call wedsync_realtime.run_job(%L)', t.job) as command
        ) as j
    loop
        execute
            'select cron.schedule($1, $2, $3) where not exists ('
            'select from cron.job as j where j.jobname = $1 and j.schedule = $2 '
            'and j.command = $3 and j.database = current_database() '
            'and j.username = current_user and j.active)'
        using v_job.name, v_job.schedule, v_job.command;
    end loop;
    return true;
end
$$;

comment on function wedsync_realtime.schedule_jobs() is
'Schedule the pg_cron jobs by settings; false where pg_cron is not installed, or not for this '
'role.';
revoke execute on function wedsync_realtime.schedule_jobs()
from public, anon, authenticated, service_role;
