-- Find the tenant that the filters name for each channel of a call: once, because a wedding may
-- move to another couple while the call is decided. A wedding_id is that of a wedding_details row;
-- a couple's own id stands for its wedding before such a row exists.

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
        select jsonb_object_agg(c.name, case
            when c.filter_key <> 'wedding_id'
                or wedsync_realtime.may_hear(filter_tenants.user_id, c.id, f.id) then f.id
            else (select w.couple_id from public.wedding_details as w where w.id = f.id)
        end)
        from wedsync_realtime.channels as c
        cross join lateral (select (filters ->> c.filter_key)::uuid as id) as f
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
