-- health(): whether the jobs run and succeed. A job that nobody runs is as bad as one that fails.

create or replace function wedsync_realtime.health_jobs()
    returns table (name text, status text, value text, advice text, sql text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_advice constant text := wedsync_realtime.cron_advice();
begin
    return query
    select
        'job_' || j.job,
        case when j.status in ('failed', 'late') then 'fail' else 'ok' end,
        concat_ws(
            ', ',
            case j.status
                when 'failed' then 'failed: ' || left(j.last_error, 200)
                when 'late' then 'late'
            end,
            case
                when j.last_success_at is null then 'not run yet'
                else format(
                    'last success %s ago by %s, %s rows in %s ms',
                    date_trunc('second', j.age), j.done_by, j.last_rows,
                    round(extract(epoch from j.last_duration) * 1000)
                )
            end
        ),
        case
            when j.status = 'failed' then 'Mend what the error names, then run the job.'
            when j.status <> 'late' then ''
            when v_advice <> '' then v_advice
            else 'See why pg_cron does not run it, in cron.job_run_details and the server''s log '
                '("connection failed": set cron.use_background_workers to on; a launcher that '
                'was terminated: restart the server), or keep make maintain EVERY=60 running.'
        end,
        case
            when j.status in ('failed', 'late')
                then format('call wedsync_realtime.run_job(%L)', j.job)
            else ''
        end
    from wedsync_realtime.job_history as j
    order by j.job;
end
$$;

comment on function wedsync_realtime.health_jobs() is 'health(): jobs.';
revoke execute on function wedsync_realtime.health_jobs()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.health_jobs()
to wedsync_realtime_owner;
