-- Say whether a JSON value is a string in the canonical form of a uuid.

create or replace function wedsync_realtime.is_uuid(value jsonb)
    returns boolean
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        jsonb_typeof(is_uuid.value) = 'string'
        and is_uuid.value #>> '{}'
        ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
        false
    );
end
$$;

comment on function wedsync_realtime.is_uuid(jsonb) is
'Whether a JSON value is a string in the canonical form of a uuid.';
revoke execute on function wedsync_realtime.is_uuid(jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.is_uuid(jsonb)
to wedsync_realtime_owner;
