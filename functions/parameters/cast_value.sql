-- Write a text as a column's type would: the JSON that an event carries for it. Null when the type
-- refuses it.

create or replace function wedsync_realtime.cast_value(value text, type regtype)
    returns jsonb
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
declare
    v_value jsonb;
begin
    execute format('select to_jsonb($1::%s)', type) into v_value using value;
    return v_value;
exception
    when data_exception or check_violation then
        return null;
end
$$;

comment on function wedsync_realtime.cast_value(text, regtype) is
'JSON that an event carries for a value of a type; null when the type refuses the text.';
revoke execute on function wedsync_realtime.cast_value(text, regtype)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.cast_value(text, regtype)
to wedsync_realtime_owner;
