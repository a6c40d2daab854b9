-- Count new leases against their tenants, and keep the filters that they ask for. check_limits has
-- locked the tenant's row already when subscribe inserts.

create or replace function wedsync_realtime.count_new_leases()
    returns trigger
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_leases bigint;
    v_filters bigint;
begin
    select count(*), count(n.filter_id) into v_leases, v_filters from new_rows as n;
    if v_leases = 0 then
        return null;
    end if;
    insert into wedsync_realtime.tenants as t (tenant_id, subscriptions)
    select n.tenant_id, count(*) from new_rows as n group by n.tenant_id order by n.tenant_id
    on conflict on constraint tenants_pkey do update
    set subscriptions = t.subscriptions + excluded.subscriptions;
    if v_filters = 0 then
        return null;
    end if;
    perform wedsync_realtime.keep_filter(f.topic_id, f.filter_id, f.filter_params)
    from (
        select distinct on (n.topic_id, n.filter_id) n.topic_id, n.filter_id, n.filter_params
        from new_rows as n
        where n.filter_id is not null
        order by n.topic_id, n.filter_id
    ) as f;
    return null;
end
$$;

comment on function wedsync_realtime.count_new_leases() is
'Trigger: count new subscriptions against their tenants, and keep their filters.';
revoke execute on function wedsync_realtime.count_new_leases()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.count_new_leases()
to wedsync_realtime_owner;
