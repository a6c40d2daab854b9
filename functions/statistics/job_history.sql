-- How the jobs are doing, one row a job.

create or replace view wedsync_realtime.job_history as
select
    r.job,
    j.schedule,
    case
        when r.last_failure_at > coalesce(r.last_success_at, '-infinity') then 'failed'
        when coalesce(r.last_success_at, r.created_at)
            < statement_timestamp() - 2 * wedsync_realtime.schedule_interval(j.schedule)
            - interval '5 minutes' then 'late'
        when r.last_success_at is null then 'never'
        else 'ok'
    end as status,
    r.last_success_at,
    statement_timestamp() - r.last_success_at as age,
    r.last_duration,
    r.last_rows,
    r.runs,
    r.failures,
    r.last_failure_at,
    r.last_error,
    r.done_by
from wedsync_realtime.job_runs as r
cross join wedsync_realtime.settings as s
cross join lateral (
    select
        case r.job
            when 'cleanup' then s.cleanup_schedule
            when 'partitions' then s.partitions_schedule
            when 'purge' then s.purge_schedule
            when 'metrics' then s.metrics_schedule
        end as schedule
) as j;

comment on view wedsync_realtime.job_history is
'How the jobs are doing, whoever runs them: pg_cron or make maintain.';
comment on column wedsync_realtime.job_history.job is 'Job, as run_job() names it.';
comment on column wedsync_realtime.job_history.schedule is 'Its schedule in settings.';
comment on column wedsync_realtime.job_history.status is
'ok; failed: the latest run; late: no success for two intervals of the schedule and five '
'minutes; never: not run yet, and not late.';
comment on column wedsync_realtime.job_history.last_success_at is 'When it last succeeded.';
comment on column wedsync_realtime.job_history.age is 'How long ago that is.';
comment on column wedsync_realtime.job_history.last_duration is 'How long that run took.';
comment on column wedsync_realtime.job_history.last_rows is
'What that run dealt with: leases, partitions, rows, events.';
comment on column wedsync_realtime.job_history.runs is 'How often it succeeded.';
comment on column wedsync_realtime.job_history.failures is 'How often it failed.';
comment on column wedsync_realtime.job_history.last_failure_at is 'When it last failed.';
comment on column wedsync_realtime.job_history.last_error is 'How it last failed.';
comment on column wedsync_realtime.job_history.done_by is 'Who ran it last.';
revoke all on wedsync_realtime.job_history from public, anon, authenticated, service_role;
grant select on wedsync_realtime.job_history to wedsync_realtime_monitor, wedsync_realtime_owner;
