-- Find the tenants that the filters of a call name, check that the user may hear all its channels
-- for them, and tell the supplier or couple that the user belongs to: whose limit the subscriptions
-- count against.
-- The tenants are found once, because a wedding may move to another couple while the call is
-- decided. A wedding_id is that of a wedding_details row; a couple's own id stands for its wedding
-- before such a row exists.
-- The profile, and the client links where they count, are locked until the lease is
-- committed, so a revocation at the same moment either is seen here or sees the lease. The table
-- lock, which only a change of the registry conflicts with, does the same for the channel; it
-- comes last, because a TRUNCATE of the tables before it takes it too.
-- Refuses: forbidden_channel, unknown_channel.

create or replace function wedsync_realtime.check_access(
    user_id         uuid,
    known           wedsync_realtime.channels[],
    filters         jsonb,
    out tenants     uuid[],
    out user_tenant uuid,
    out problem     wedsync_realtime.problem
)
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
-- problem is one of three results: @plpgsql_check_options: extra_warnings = off
declare
    v_type text;
    v_supplier uuid;
    v_channel wedsync_realtime.channels;
    v_tenant uuid;
    v_place integer := 0;
    v_is_linked boolean := false;
begin
    foreach v_channel in array known loop
        v_tenant := (filters ->> v_channel.filter_key)::uuid;
        if v_channel.filter_key = 'wedding_id' then
            if wedsync_realtime.may_hear(user_id, v_channel.id, v_tenant) is not true then
                v_tenant := (
                    select w.couple_id from public.wedding_details as w where w.id = v_tenant
                );
            end if;
        end if;
        tenants := tenants || v_tenant;
        v_is_linked := v_is_linked
            or v_channel.supplier_authoriser is not distinct from 'linked_couple';
    end loop;

    perform wedsync_realtime.lock_user(check_access.user_id);
    select p.user_type, p.supplier_id,
        case p.user_type when 'supplier' then p.supplier_id else p.couple_id end
    into v_type, v_supplier, user_tenant
    from public.user_profiles as p
    where p.id = check_access.user_id
    for share;
    if v_is_linked or v_supplier <> any (tenants) then
        perform 1
        from public.clients as k
        where k.supplier_id = v_supplier and k.couple_id = any (tenants)
        for share;
    end if;
    lock table public.realtime_subscriptions in row share mode;

    foreach v_channel in array known loop
        v_place := v_place + 1;
        -- the usual case of may_hear(), by the profile that is locked: a user of the tenant itself
        continue when user_tenant = tenants[v_place] and exists (
            select from wedsync_realtime.channels as c
            where c.id = v_channel.id and c.is_enabled and case v_type
                when 'supplier' then c.supplier_authoriser = 'own_supplier'
                when 'couple' then c.couple_authoriser = 'own_couple'
            end
        );
        -- a profile that went and came back since is not locked
        continue when user_tenant is not null
            and wedsync_realtime.may_hear(user_id, v_channel.id, tenants[v_place]);
        problem := case
            when exists (select from wedsync_realtime.channels as c where c.id = v_channel.id)
                then wedsync_realtime.to_problem(
                    'forbidden_channel', details => 'Channel: ' || v_channel.name
                )
            else wedsync_realtime.to_problem(
                'unknown_channel', 'Unknown channel: ' || v_channel.name
            )
        end;
        return;
    end loop;
end
$$;

comment on function wedsync_realtime.check_access(uuid, wedsync_realtime.channels[], jsonb) is
'Tenants that the filters of a call name, in the order of its channels; that of the user; and the '
'problem with the user''s access, or null.';
revoke execute on function wedsync_realtime.check_access(uuid, wedsync_realtime.channels[], jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.check_access(uuid, wedsync_realtime.channels[], jsonb)
to wedsync_realtime_owner;
