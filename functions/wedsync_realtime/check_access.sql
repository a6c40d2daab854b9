-- Check that a user may hear all channels of a call.
-- The profile and the client links that the answer rests on are locked until the lease is
-- committed, so a revocation at the same moment either is seen here or sees the lease. The table
-- lock, which only a change of the registry conflicts with, does the same for the channel.
-- Refuses: forbidden_channel.

create or replace function wedsync_realtime.check_access(
    user_id  uuid,
    channels text[],
    filters  jsonb
)
    returns wedsync_realtime.problem
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_supplier uuid;
    v_channel wedsync_realtime.channels;
    v_tenant uuid;
begin
    lock table public.realtime_subscriptions in row share mode;
    select p.supplier_id into v_supplier
    from public.user_profiles as p
    where p.id = check_access.user_id
    for share;

    for v_channel in
        select c.* from wedsync_realtime.channels as c where c.name = any (channels) order by c.name
    loop
        v_tenant := (filters ->> v_channel.filter_key)::uuid;
        if v_channel.filter_key = 'wedding_id' then
            v_tenant := wedsync_realtime.wedding_couple(
                check_access.user_id, v_channel.id, v_tenant
            );
        end if;
        if v_channel.supplier_authoriser = 'linked_couple' and v_supplier is not null then
            perform 1
            from public.clients as k
            where k.supplier_id = v_supplier and k.couple_id = v_tenant
            for share;
        end if;
        if wedsync_realtime.may_hear(check_access.user_id, v_channel.id, v_tenant) is not true then
            return wedsync_realtime.to_problem(
                'forbidden_channel', details => 'Channel: ' || v_channel.name
            );
        end if;
    end loop;
    return null;
end
$$;

comment on function wedsync_realtime.check_access(uuid, text[], jsonb) is
'Problem with a users access to the channels of a call, or null.';
revoke execute on function wedsync_realtime.check_access(uuid, text[], jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.check_access(uuid, text[], jsonb)
to wedsync_realtime_owner;
