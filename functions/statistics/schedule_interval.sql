-- Tell how far apart the runs of a pg_cron schedule are at most; what is rarer than daily counts
-- as a week.

create or replace function wedsync_realtime.schedule_interval(schedule text)
    returns interval
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when schedule ~ '^\s*\d{1,3}\s+seconds?\s*$'
            then make_interval(secs => substring(schedule from '\d+')::integer)
        when schedule ~ '^\s*\*(\s+\*){4}\s*$' then interval '1 minute'
        when schedule ~ '^\s*\*/\d{1,2}(\s+\*){4}\s*$'
            then make_interval(mins => substring(schedule from '\d+')::integer)
        when schedule ~ '^\s*\S+(\s+\*){4}\s*$' then interval '1 hour'
        when schedule ~ '^\s*\S+\s+\S+(\s+\*){3}\s*$' then interval '1 day'
        else interval '7 days'
    end;
end
$$;

comment on function wedsync_realtime.schedule_interval(text) is
'Longest time between two runs of a pg_cron schedule.';
revoke execute on function wedsync_realtime.schedule_interval(text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.schedule_interval(text)
to wedsync_realtime_owner, wedsync_realtime_monitor;
