-- Run one job to its end: what pg_cron and make maintain call. Every step commits, so that no
-- lock outlives its batch and a failure stays on record; then it is raised for the caller's log.
-- Procedure without a pinned search_path, which would forbid commit: it names nothing that could
-- be shadowed, and all the work is in job_step.

create or replace procedure wedsync_realtime.run_job(job text)
    language plpgsql
    security invoker
as $$
declare
    v_started pg_catalog.timestamptz := pg_catalog.clock_timestamp();
    v_step record;
begin
    loop
        v_step := wedsync_realtime.job_step(job, v_started);
        commit;
        exit when v_step.has_more is not true;
    end loop;
    if v_step.problem is not null then
        raise exception '%', v_step.problem;
    end if;
end
$$;

comment on procedure wedsync_realtime.run_job is
'Run a job: cleanup, partitions, purge or metrics. It commits, so call it outside of a '
'transaction.';
revoke execute on procedure wedsync_realtime.run_job(text)
from public, anon, authenticated, service_role;
