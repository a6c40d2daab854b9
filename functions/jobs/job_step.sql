-- Do one step of a job and put it on record: how many rows the run has dealt with, or how it
-- failed, which is the only trace of a job that fails every time; a cancellation is a failure too,
-- whether by statement_timeout or by hand. A run that finds another one of the same job at work
-- leaves it alone: by a row that only the package's roles can lock, since anybody may take an
-- advisory lock and keep it. Jobs pass over rows that callers hold; the lock timeout is for what
-- nobody has thought of.
-- The job of the partitions has a second step, apart because the first may lock the feed: the
-- application's tables, whose users are waited for.

create or replace function wedsync_realtime.job_step(
    job          text,
    started      timestamptz,
    out has_more boolean,
    out problem  text
)
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '5s'
as $$
declare
    v_rows bigint := bigint '0';
    v_goes_on boolean;
begin
    has_more := false;
    if job is null or job not in ('cleanup', 'partitions', 'purge', 'metrics') then
        raise exception 'unknown job %', quote_nullable(job)
            using errcode = 'invalid_parameter_value',
            hint = 'Jobs: cleanup, partitions, purge, metrics.';
    end if;
    begin
        -- while this transaction has changed nothing yet
        perform wedsync_realtime.set_gates() where job = 'partitions';
    exception
        when query_canceled or others then
            problem := format('job %s failed: %s (SQLSTATE %s)', job, sqlerrm, sqlstate);
    end;
    select coalesce(r.started_at = job_step.started, false) into v_goes_on
    from wedsync_realtime.job_runs as r
    where r.job = job_step.job
    for no key update skip locked;
    if not found then
        -- somebody may have deleted it
        insert into wedsync_realtime.job_runs (job)
        select job_step.job
        where not exists (
            select from wedsync_realtime.job_runs as r where r.job = job_step.job
        );
        return;
    end if;
    begin
        if problem is not null then
            null;
        elsif job = 'partitions' and v_goes_on then
            problem := 'job partitions: ' || wedsync_realtime.follow_tables();
        else
            v_rows := case job
                when 'cleanup' then wedsync_realtime.cleanup_batch()
                when 'partitions' then wedsync_realtime.maintain_partitions()
                when 'purge' then wedsync_realtime.purge()
                else wedsync_realtime.record_metrics()
            end;
            has_more := job = 'partitions' or job = 'cleanup' and v_rows > 0;
        end if;
    exception
        when query_canceled or others then
            problem := format('job %s failed: %s (SQLSTATE %s)', job, sqlerrm, sqlstate);
    end;
    if v_rows is null then
        problem := format(
            'job %s is held up: somebody else cleans up, or has changed the settings in a '
            'transaction that is open: see wedsync_realtime.open_transactions()', job
        );
        return;
    end if;
    perform wedsync_realtime.record_run(job, started, v_rows, problem);
end
$$;

comment on function wedsync_realtime.job_step(text, timestamptz) is
'One step of a job, on record in job_runs; the body of run_job.';
revoke execute on function wedsync_realtime.job_step(text, timestamptz)
from public, anon, authenticated, service_role;
