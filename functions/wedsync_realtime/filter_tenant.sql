-- Find the tenant that a filter value names. A wedding_id is that of a wedding_details row, whose
-- couple is the tenant; a couple's own id stands for its wedding before such a row exists.

create or replace function wedsync_realtime.filter_tenant(filter_key text, value uuid)
    returns uuid
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when filter_tenant.filter_key = 'wedding_id' then coalesce(
            (select w.couple_id from public.wedding_details as w where w.id = filter_tenant.value),
            filter_tenant.value
        )
        else filter_tenant.value
    end;
end
$$;

comment on function wedsync_realtime.filter_tenant(text, uuid) is
'Tenant that a filter value names.';
revoke execute on function wedsync_realtime.filter_tenant(text, uuid)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.filter_tenant(text, uuid)
to wedsync_realtime_owner;
