-- Check that a call's new subscriptions fit the limits of the user and of the user's tenant.
-- Locks in the order that every ending of leases keeps: the leases to renew, then the tenant's
-- row, whose counter is then exact until commit. One user's calls are already in turn by
-- take_rate. Expired leases that cleanup has not reached yet give way.
-- Refuses: connection_limit.

create or replace function wedsync_realtime.check_limits(
    user_id       uuid,
    channels      text[],
    connection_id uuid
)
    returns wedsync_realtime.problem
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_settings wedsync_realtime.settings;
    v_tenant uuid := wedsync_realtime.user_tenant(check_limits.user_id);
    v_renewed text[];
    v_new integer;
    v_limit integer;
    v_count integer;
begin
    select s.* into v_settings from wedsync_realtime.settings as s;
    v_renewed := array(
        select s.channel_name
        from public.realtime_subscriptions as s
        where
            s.user_id = check_limits.user_id
            and s.connection_id = check_limits.connection_id
            and s.channel_name = any (channels)
        for update
    );
    v_new := cardinality(channels) - cardinality(v_renewed);
    if v_new = 0 then
        return null;
    end if;

    for v_try in 1..2 loop
        select count(*)::integer into v_count
        from public.realtime_subscriptions as s where s.user_id = check_limits.user_id;
        exit when v_count + v_new <= v_settings.subscriptions_per_user;
        if v_try = 2 then
            return wedsync_realtime.to_problem(
                'connection_limit',
                details => format(
                    'user: %s of %s subscriptions', v_count, v_settings.subscriptions_per_user
                ),
                retry_after => ceil(extract(epoch from v_settings.stale_after))::integer
            );
        end if;
        perform wedsync_realtime.end_expired(user_id => check_limits.user_id);
    end loop;

    insert into wedsync_realtime.tenants (tenant_id) values (v_tenant) on conflict do nothing;
    for v_try in 1..2 loop
        select t.subscriptions, coalesce(t.max_subscriptions, v_settings.subscriptions_per_tenant)
        into v_count, v_limit
        from wedsync_realtime.tenants as t
        where t.tenant_id = v_tenant
        for update;
        exit when v_count + v_new <= v_limit;
        if v_try = 2 then
            return wedsync_realtime.to_problem(
                'connection_limit',
                details => format('tenant: %s of %s subscriptions', v_count, v_limit),
                retry_after => ceil(extract(epoch from v_settings.stale_after))::integer
            );
        end if;
        perform wedsync_realtime.end_expired(tenant_id => v_tenant);
    end loop;
    return null;
end
$$;

comment on function wedsync_realtime.check_limits(uuid, text[], uuid) is
'Problem with the limits of the user and of the tenant, or null.';
revoke execute on function wedsync_realtime.check_limits(uuid, text[], uuid)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.check_limits(uuid, text[], uuid)
to wedsync_realtime_owner;
