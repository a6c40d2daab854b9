-- Set what the text of a row's values depends on, and return what was set before, for
-- restore_settings.
-- Not by SET clauses of the trigger functions, which would cost every statement.

create or replace function wedsync_realtime.pin_settings()
    returns jsonb
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_before jsonb;
begin
    select jsonb_object_agg(n.name, current_setting(n.name)) into v_before
    from unnest(array[
        'timezone', 'datestyle', 'intervalstyle', 'bytea_output', 'extra_float_digits'
    ]) as n (name);
    perform set_config('timezone', 'UTC', true);
    perform set_config('datestyle', 'ISO', true);
    perform set_config('intervalstyle', 'postgres', true);
    perform set_config('bytea_output', 'hex', true);
    perform set_config('extra_float_digits', '1', true);
    return v_before;
end
$$;

comment on function wedsync_realtime.pin_settings() is
'Set what the text of values depends on; returns what was set before.';
revoke execute on function wedsync_realtime.pin_settings()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.pin_settings()
to wedsync_realtime_owner;
