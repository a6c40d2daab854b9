-- Say whom claims name; never raises, because claims may be any JSON.

create or replace function wedsync_realtime.claimed_id(claims jsonb)
    returns uuid
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (claims ->> 'sub')::uuid;
exception
    when data_exception or program_limit_exceeded then
        return null;
end
$$;

comment on function wedsync_realtime.claimed_id(jsonb) is
'User that claims name; null for nobody and for malformed claims.';
revoke execute on function wedsync_realtime.claimed_id(jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.claimed_id(jsonb)
to wedsync_realtime_owner;
