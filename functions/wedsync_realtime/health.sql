-- Answer in one look what is wrong, what to do about it and the SQL to run. Each group of checks
-- is a function of its own; a group that fails is itself a finding, and hides no other.

create or replace function wedsync_realtime.health()
    returns table (name text, status text, value text, advice text, sql text)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
-- the groups are named here: @plpgsql_check_options: security_warnings = off
declare
    v_group text;
begin
    foreach v_group in array array[
        'health_jobs', 'health_feed', 'health_tables', 'health_channels', 'health_limits',
        'health_dispatch', 'health_server', 'health_deployment'
    ] loop
        begin
            return query execute format('select * from wedsync_realtime.%I()', v_group);
        exception
            when others then
                return query
                select
                    v_group, 'fail', format('%s (SQLSTATE %s)', sqlerrm, sqlstate),
                    'This group of checks failed: see what has become of the objects it reads.',
                    format('select * from wedsync_realtime.%I()', v_group);
        end;
    end loop;
end
$$;

comment on function wedsync_realtime.health() is
'State of the package: one row a check, with what to do and the SQL to run. status is ok, warn or '
'fail.';
revoke execute on function wedsync_realtime.health()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.health()
to wedsync_realtime_monitor, service_role;
