-- Put one step of a job on record: the rows it has dealt with, added up over the steps of one run,
-- or the problem with which it failed.

create or replace function wedsync_realtime.record_run(
    job     text,
    started timestamptz,
    rows    bigint,
    problem text
)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_done_by text := coalesce(nullif(current_setting('application_name'), ''), session_user);
begin
    update wedsync_realtime.job_runs as r
    set
        failures = r.failures + 1, last_failure_at = clock_timestamp(),
        last_error = left(problem, 1000), done_by = v_done_by
    where r.job = record_run.job and problem is not null;
    update wedsync_realtime.job_runs as r
    set
        last_rows = record_run.rows
            + case when r.started_at = record_run.started then r.last_rows else 0 end,
        runs = r.runs + case when r.started_at = record_run.started then 0 else 1 end,
        started_at = record_run.started, last_success_at = clock_timestamp(),
        last_duration = clock_timestamp() - record_run.started, done_by = v_done_by
    where r.job = record_run.job and problem is null;
end
$$;

comment on function wedsync_realtime.record_run(text, timestamptz, bigint, text) is
'Put one step of a job on record in job_runs.';
revoke execute on function wedsync_realtime.record_run(text, timestamptz, bigint, text)
from public, anon, authenticated, service_role;
