-- Tell which side a tenant is on. Asked at run time, so that the application may change its
-- tables, and null when it has dropped them.

create or replace function wedsync_realtime.tenant_kind(tenant_id uuid)
    returns text
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when exists (select from public.suppliers as s where s.id = tenant_id) then 'supplier'
        when exists (select from public.couples as c where c.id = tenant_id) then 'couple'
    end;
exception
    when undefined_table or undefined_column or insufficient_privilege then
        return null;
end
$$;

comment on function wedsync_realtime.tenant_kind(uuid) is
'supplier or couple; null when the application has neither of that id.';
revoke execute on function wedsync_realtime.tenant_kind(uuid)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.tenant_kind(uuid)
to wedsync_realtime_owner, wedsync_realtime_monitor;
