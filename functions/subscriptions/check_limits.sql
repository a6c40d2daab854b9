-- Check that a call's new subscriptions fit the limits of the user and of the user's tenant.
-- Locks in the order that every ending of leases keeps: the leases to renew, then the tenant's
-- row, whose counter is then exact until commit. One user's calls are already in turn by
-- take_rate. Expired leases that cleanup has not reached yet give way.
-- Refuses: connection_limit.

create or replace function wedsync_realtime.check_limits(
    user_id       uuid,
    tenant_id     uuid,
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
    v_settings record;
    v_held integer;
    v_new integer;
    v_count integer;
    v_limit integer;
    v_details text;
begin
    for v_try in 1..2 loop
        v_details := null;
        select
            count(*)::integer,
            (count(*) filter (
                where
                    s.connection_id = check_limits.connection_id
                    and s.channel_name = any (channels)
            ))::integer
        into v_count, v_held
        from public.realtime_subscriptions as s where s.user_id = check_limits.user_id;
        if v_held > 0 then  -- one of them that ends before it is locked is new
            v_count := v_count - v_held;
            v_held := cardinality(array(
                select s.id
                from public.realtime_subscriptions as s
                where
                    s.user_id = check_limits.user_id
                    and s.connection_id = check_limits.connection_id
                    and s.channel_name = any (channels)
                for update
            ));
            v_count := v_count + v_held;
        end if;
        v_new := cardinality(channels) - v_held;
        if v_new = 0 then
            return null;
        end if;

        select s.subscriptions_per_user, s.subscriptions_per_tenant, s.stale_after
        into v_settings from wedsync_realtime.settings as s;
        v_limit := v_settings.subscriptions_per_user;
        if v_count + v_new > v_limit then
            v_details := format('user: %s of %s subscriptions', v_count, v_limit);
        end if;

        loop
            select
                t.subscriptions,
                coalesce(t.max_subscriptions, v_settings.subscriptions_per_tenant)
            into v_count, v_limit
            from wedsync_realtime.tenants as t
            where t.tenant_id = check_limits.tenant_id
            for update;
            exit when found;
            insert into wedsync_realtime.tenants (tenant_id)
            values (check_limits.tenant_id)
            on conflict do nothing;
        end loop;
        if v_count + v_new > v_limit then
            v_details := format('tenant: %s of %s subscriptions', v_count, v_limit);
        end if;

        if v_details is null then
            return null;
        end if;
        if v_try = 1 then
            perform wedsync_realtime.end_expired(user_id => check_limits.user_id);
            perform wedsync_realtime.end_expired(tenant_id => check_limits.tenant_id);
        end if;
    end loop;
    return wedsync_realtime.to_problem(
        'connection_limit', details => v_details,
        retry_after => ceil(extract(epoch from v_settings.stale_after))::integer
    );
end
$$;

comment on function wedsync_realtime.check_limits(uuid, uuid, text[], uuid) is
'Problem with the limits of the user and of the tenant, or null.';
revoke execute on function wedsync_realtime.check_limits(uuid, uuid, text[], uuid)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.check_limits(uuid, uuid, text[], uuid)
to wedsync_realtime_owner;
