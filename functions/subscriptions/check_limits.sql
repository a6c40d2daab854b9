-- Check that a call's new subscriptions fit the limits of the user and of the user's tenant.
-- Locks in the order that every ending of leases keeps: the leases to renew, then the tenant's
-- row, whose counter is then exact until commit. One user's calls are already in turn by
-- take_rate. Expired leases that cleanup has not reached yet give way.
-- Refuses: connection_limit.

create or replace function wedsync_realtime.check_limits(
    user_id       uuid,
    tenant_id     uuid,
    channels      text[],
    connection_id uuid,
    settings      wedsync_realtime.settings
)
    returns wedsync_realtime.problem
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_new integer := cardinality(channels);
    v_found record;
    v_details text;
begin
    for v_try in 1..2 loop
        if cardinality(channels) > 1 then  -- one alone that is held is renewed without asking
            v_new := cardinality(channels) - cardinality(array(
                select s.id
                from public.realtime_subscriptions as s
                where
                    s.user_id = check_limits.user_id
                    and s.connection_id = check_limits.connection_id
                    and s.channel_name = any (channels)
                order by s.user_id, s.channel_name, s.table_name, s.connection_id
                for update
            ));
            if v_new = 0 then
                return null;
            end if;
        end if;
        loop
            select
                t.subscriptions as of_tenant,
                coalesce(t.max_subscriptions, settings.subscriptions_per_tenant) as tenant_limit,
                (
                    select count(*) from public.realtime_subscriptions as s
                    where s.user_id = check_limits.user_id
                ) as of_user
            into v_found
            from wedsync_realtime.tenants as t
            where t.tenant_id = check_limits.tenant_id
            for update;
            exit when found;
            insert into wedsync_realtime.tenants (tenant_id)
            values (check_limits.tenant_id)
            on conflict do nothing;
        end loop;
        v_details := case
            when v_found.of_tenant + v_new > v_found.tenant_limit then format(
                'tenant: %s of %s subscriptions', v_found.of_tenant, v_found.tenant_limit
            )
            when v_found.of_user + v_new > settings.subscriptions_per_user then format(
                'user: %s of %s subscriptions', v_found.of_user, settings.subscriptions_per_user
            )
        end;
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
        retry_after => ceil(extract(epoch from settings.stale_after))::integer
    );
end
$$;

comment on function wedsync_realtime.check_limits(
    uuid, uuid, text[], uuid, wedsync_realtime.settings
) is
'Problem with the limits of the user and of the tenant, or null.';
revoke execute on function wedsync_realtime.check_limits(
    uuid, uuid, text[], uuid, wedsync_realtime.settings
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.check_limits(
    uuid, uuid, text[], uuid, wedsync_realtime.settings
)
to wedsync_realtime_owner;
