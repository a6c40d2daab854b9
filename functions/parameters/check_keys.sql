-- Check the keys of filters and the form of what names a tenant.
-- Refuses: invalid_request with the key at fault.

create or replace function wedsync_realtime.check_keys(filters jsonb)
    returns wedsync_realtime.problem
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    c_known constant text[] := array[
        'supplier_id', 'couple_id', 'wedding_id', 'operations', 'events', 'changed', 'where'
    ];
    v_key text;
    v_value jsonb;
begin
    if jsonb_typeof(filters) <> 'object' then
        return wedsync_realtime.to_problem('invalid_request', 'filters must be an object');
    end if;
    if octet_length(filters::text) > 16384 then
        return wedsync_realtime.to_problem('invalid_request', 'filters is over 16384 bytes');
    end if;
    for v_key, v_value in select f.key, f.value from jsonb_each(filters) as f loop
        if v_key <> all (c_known) then
            return wedsync_realtime.to_problem(
                'invalid_request', format('filters.%s is not known', left(v_key, 64)),
                hint => 'Known: ' || array_to_string(c_known, ', ')
            );
        end if;
        if v_key like '%\_id' and v_value <> 'null' and (
            jsonb_typeof(v_value) <> 'string' or v_value #>> '{}'
            !~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
        ) then
            return wedsync_realtime.to_problem(
                'invalid_request', format('filters.%s must be a uuid', v_key)
            );
        end if;
    end loop;
    return null;
end
$$;

comment on function wedsync_realtime.check_keys(jsonb) is
'Problem with the keys of filters or with what names a tenant, or null.';
revoke execute on function wedsync_realtime.check_keys(jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.check_keys(jsonb)
to wedsync_realtime_owner;
