-- Set how many subscriptions the users of one supplier or couple may hold; null gives it back to
-- settings.subscriptions_per_tenant. In force at once; a lower limit ends nothing. Audited by the
-- triggers of the table.

create or replace function wedsync_realtime.set_limit(
    tenant_id         uuid,
    max_subscriptions integer default null
)
    returns integer
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '2s'
as $$
begin
    if wedsync_realtime.tenant_kind(tenant_id) is null then
        raise exception 'no supplier or couple has the id %', quote_nullable(tenant_id)
            using errcode = 'invalid_parameter_value';
    end if;
    if max_subscriptions not between 0 and 1000000 then
        raise exception 'max_subscriptions must be between 0 and 1000000, or null; got %',
            max_subscriptions
            using errcode = 'invalid_parameter_value';
    end if;
    insert into wedsync_realtime.tenants as t (tenant_id, max_subscriptions)
    values (set_limit.tenant_id, set_limit.max_subscriptions)
    on conflict on constraint tenants_pkey do update
    set max_subscriptions = excluded.max_subscriptions;
    return coalesce(
        max_subscriptions,
        (select s.subscriptions_per_tenant from wedsync_realtime.settings as s)
    );
end
$$;

comment on function wedsync_realtime.set_limit(uuid, integer) is
'Set the limit of one supplier or couple, or with null take it back; returns the limit in force.';
revoke execute on function wedsync_realtime.set_limit(uuid, integer)
from public, anon, authenticated, service_role;
