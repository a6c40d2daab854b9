-- Count new leases against their tenants, whose rows check_limits has locked already when subscribe
-- inserts.

create or replace function wedsync_realtime.count_new_leases()
    returns trigger
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into wedsync_realtime.tenants as t (tenant_id, subscriptions)
    select n.tenant_id, count(*) from new_rows as n group by n.tenant_id order by n.tenant_id
    on conflict on constraint tenants_pkey do update
    set subscriptions = t.subscriptions + excluded.subscriptions;
    return null;
end
$$;

comment on function wedsync_realtime.count_new_leases() is
'Trigger: count new subscriptions against their tenants.';
revoke execute on function wedsync_realtime.count_new_leases()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.count_new_leases()
to wedsync_realtime_owner;
