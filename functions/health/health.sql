-- Answer in one look what is wrong, what to do about it and the SQL to run. Each group of checks
-- is a function of its own; a group that fails is itself a finding, and hides no other. What is
-- wrong comes first. Without JIT, which would take longer than all of the checks.

create or replace function wedsync_realtime.health()
    returns table (name text, status text, value text, advice text, sql text)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
-- the groups are named here: @plpgsql_check_options: security_warnings = off
declare
    v_group text;
    v_rows jsonb;
    v_all jsonb := jsonb_build_array();
begin
    foreach v_group in array array[
        'health_jobs', 'health_feed', 'health_retention', 'health_tables', 'health_row_security',
        'health_channels', 'health_triggers', 'health_limits', 'health_dispatch', 'health_queue',
        'health_slots', 'health_transactions', 'health_relay', 'health_deployment',
        'health_owners'
    ] loop
        begin
            execute format(
                'select jsonb_agg(to_jsonb(g)) from wedsync_realtime.%I() as g', v_group
            )
            into v_rows;
        exception
            when others then
                v_rows := jsonb_build_object(
                    'name', v_group, 'status', 'fail',
                    'value', format('%s (SQLSTATE %s)', sqlerrm, sqlstate),
                    'advice', 'These checks failed: see what has become of what they read.',
                    'sql', format('select * from wedsync_realtime.%I()', v_group)
                );
        end;
        v_all := v_all || coalesce(v_rows, '[]');
    end loop;
    return query
    select r.name, r.status, r.value, r.advice, r.sql
    from rows from (
        jsonb_to_recordset(v_all)
        as (name text, status text, value text, advice text, sql text)
    ) with ordinality as r (name, status, value, advice, sql, place)
    order by array_position(array['fail', 'warn', 'ok'], r.status), r.place;
end
$$;

comment on function wedsync_realtime.health() is
'State of the package: one row a check, with what to do and the SQL to run. status is ok, warn or '
'fail.';
revoke execute on function wedsync_realtime.health()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.health()
to wedsync_realtime_monitor, service_role;
