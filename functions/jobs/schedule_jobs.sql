-- Schedule the pg_cron jobs by settings; false where pg_cron is not installed or this role may not
-- use it, of which cron_advice() tells. pg_cron knows a role's job by its name alone: one that runs
-- in a database that is gone, as after a restore under another name, is scheduled anew, and one
-- that runs in another database is left to it.

create or replace function wedsync_realtime.schedule_jobs()
    returns boolean
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_job record;
    v_database text;
begin
    if not wedsync_realtime.can_schedule(current_user) then
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
            'select cron.unschedule(j.jobid) from cron.job as j '
            'where j.jobname = $1 and j.username = current_user '
            'and j.database not in (select d.datname from pg_database as d)'
        using v_job.name;
        execute
            'select j.database from cron.job as j where j.jobname = $1 '
            'and j.username = current_user and j.database <> current_database()'
        into v_database
        using v_job.name;
        if v_database is not null then
            raise warning 'job % of % runs in database %: unschedule it there, or deploy here as '
                'another role', v_job.name, current_user, v_database;
            continue;
        end if;
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
