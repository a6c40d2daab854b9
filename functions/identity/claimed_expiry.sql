-- Say until when claims hold: null without an expiry, long ago when it is no time; never raises.

create or replace function wedsync_realtime.claimed_expiry(claims jsonb)
    returns timestamptz
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return to_timestamp((claims ->> 'exp')::double precision);
exception
    when data_exception or program_limit_exceeded then
        return '-infinity'::timestamptz;
end
$$;

comment on function wedsync_realtime.claimed_expiry(jsonb) is
'Time at which claims expire; null when they do not.';
revoke execute on function wedsync_realtime.claimed_expiry(jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.claimed_expiry(jsonb)
to wedsync_realtime_owner;
