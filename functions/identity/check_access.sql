-- Check that a user may hear all channels of a call, each for the tenant that filter_tenants found.
-- The profile and the client links that the answer rests on are locked until the lease is
-- committed, so a revocation at the same moment either is seen here or sees the lease. The table
-- lock, which only a change of the registry conflicts with, does the same for the channel; it
-- comes last, because a TRUNCATE of the tables before it takes it too.
-- Refuses: forbidden_channel, unknown_channel.

create or replace function wedsync_realtime.check_access(
    user_id uuid,
    tenants jsonb
)
    returns wedsync_realtime.problem
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_supplier uuid;
    v_name text;
    v_channel smallint;
begin
    perform wedsync_realtime.lock_user(check_access.user_id);
    select p.supplier_id into v_supplier
    from public.user_profiles as p
    where p.id = check_access.user_id
    for share;
    perform 1
    from public.clients as k
    where
        k.supplier_id = v_supplier
        and k.couple_id in (select t.value::uuid from jsonb_each_text(tenants) as t)
    for share;
    lock table public.realtime_subscriptions in row share mode;

    for v_name in select jsonb_object_keys(tenants) loop
        select c.id into v_channel from wedsync_realtime.channels as c where c.name = v_name;
        if not found then
            return wedsync_realtime.to_problem('unknown_channel', 'Unknown channel: ' || v_name);
        end if;
        if wedsync_realtime.may_hear(
            check_access.user_id, v_channel, (tenants ->> v_name)::uuid
        ) is not true then
            return wedsync_realtime.to_problem(
                'forbidden_channel', details => 'Channel: ' || v_name
            );
        end if;
    end loop;
    return null;
end
$$;

comment on function wedsync_realtime.check_access(uuid, jsonb) is
'Problem with a users access to the channels of a call, or null.';
revoke execute on function wedsync_realtime.check_access(uuid, jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.check_access(uuid, jsonb)
to wedsync_realtime_owner;
