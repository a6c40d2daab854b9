-- metrics(): the jobs.

create or replace function wedsync_realtime.metrics_jobs()
    returns table (name text, type text, help text, labels jsonb, value double precision)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
begin
    return query
    select f.name, f.type, f.help, jsonb_build_object('job', j.job), f.value::double precision
    from wedsync_realtime.job_history as j
    cross join lateral (values
        ('job_runs_total', 'counter', 'Runs that succeeded.', j.runs),
        ('job_failures_total', 'counter', 'Runs that failed.', j.failures),
        (
            'job_last_success_timestamp_seconds', 'gauge', 'When a run last succeeded.',
            extract(epoch from j.last_success_at)
        ),
        (
            'job_duration_seconds', 'gauge', 'How long that run took.',
            extract(epoch from j.last_duration)
        ),
        ('job_rows', 'gauge', 'Leases, partitions, rows or events it dealt with.', j.last_rows)
    ) as f (name, type, help, value);
end
$$;

comment on function wedsync_realtime.metrics_jobs() is 'metrics(): jobs.';
revoke execute on function wedsync_realtime.metrics_jobs()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.metrics_jobs()
to wedsync_realtime_owner, wedsync_realtime_monitor;
