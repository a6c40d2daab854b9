-- Say whether a type accepts a text as a value.

create or replace function wedsync_realtime.can_cast(value text, type regtype)
    returns boolean
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
begin
    execute format('select $1::%s', type) using value;
    return true;
exception
    when data_exception or check_violation then
        return false;
end
$$;

comment on function wedsync_realtime.can_cast(text, regtype) is
'Whether a type accepts a text as a value.';
revoke execute on function wedsync_realtime.can_cast(text, regtype)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.can_cast(text, regtype)
to wedsync_realtime_owner;
