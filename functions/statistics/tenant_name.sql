-- Tell the name of a supplier or a couple. Asked at run time, so that the application may change
-- its tables, and null when it keeps names elsewhere.

create or replace function wedsync_realtime.tenant_name(tenant_id uuid)
    returns text
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        (select s.business_name from public.suppliers as s where s.id = tenant_id),
        (select c.display_name from public.couples as c where c.id = tenant_id)
    );
exception
    when undefined_table or undefined_column or insufficient_privilege then
        return null;
end
$$;

comment on function wedsync_realtime.tenant_name(uuid) is
'Name of a supplier or a couple; null when the application tells none.';
revoke execute on function wedsync_realtime.tenant_name(uuid)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.tenant_name(uuid)
to wedsync_realtime_owner, wedsync_realtime_monitor;
