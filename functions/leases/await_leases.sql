-- Make a revocation whose snapshot is older than its statement fail, to be tried again, when
-- leases of the tenant have come since: it could not see them. They all write the tenant's row.

create or replace function wedsync_realtime.await_leases(tenant_id uuid)
    returns void
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('transaction_isolation') like 'read %' or tenant_id is null then
        return;
    end if;
    insert into wedsync_realtime.tenants as t (tenant_id)
    values (await_leases.tenant_id)
    on conflict on constraint tenants_pkey do update set subscriptions = t.subscriptions;
end
$$;

comment on function wedsync_realtime.await_leases(uuid) is
'Fail a revocation with an old snapshot when leases have come since.';
revoke execute on function wedsync_realtime.await_leases(uuid)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.await_leases(uuid)
to wedsync_realtime_owner;
