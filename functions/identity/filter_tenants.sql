-- Find the tenant that the filters name for each channel of a call: once, because a wedding may
-- move to another couple while the call is decided.

create or replace function wedsync_realtime.filter_tenants(
    user_id  uuid,
    channels text[],
    filters  jsonb
)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_object_agg(c.name, case c.filter_key
            when 'wedding_id' then wedsync_realtime.wedding_couple(
                filter_tenants.user_id, c.id, (filters ->> c.filter_key)::uuid
            )
            else (filters ->> c.filter_key)::uuid
        end)
        from wedsync_realtime.channels as c
        where c.name = any (channels)
    );
end
$$;

comment on function wedsync_realtime.filter_tenants(uuid, text[], jsonb) is
'Tenant that the filters of a call name, by channel.';
revoke execute on function wedsync_realtime.filter_tenants(uuid, text[], jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.filter_tenants(uuid, text[], jsonb)
to wedsync_realtime_owner;
