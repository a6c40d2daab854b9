-- Find the tenants that the filters of a call name, check that the user may hear all its channels
-- for them, and tell the supplier or couple that the user belongs to: whose limit the subscriptions
-- count against.
-- The tenants are found once, because a wedding may move to another couple while the call is
-- decided. A wedding_id is that of a wedding_details row; a couple's own id stands for its wedding
-- before such a row exists.
-- The profile and the client links that the answer rests on are locked until the lease is
-- committed, so a revocation at the same moment either is seen here or sees the lease. The table
-- lock, which only a change of the registry conflicts with, does the same for the channel; it
-- comes last, because a TRUNCATE of the tables before it takes it too.
-- Refuses: forbidden_channel, unknown_channel.

create or replace function wedsync_realtime.check_access(
    user_id         uuid,
    channels        text[],
    filters         jsonb,
    out tenants     jsonb,
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
    v_supplier uuid;
    v_name text;
    v_channel smallint;
begin
    select jsonb_object_agg(c.name, case
        when c.filter_key <> 'wedding_id'
            or wedsync_realtime.may_hear(check_access.user_id, c.id, f.id) then f.id
        else (select w.couple_id from public.wedding_details as w where w.id = f.id)
    end)
    into tenants
    from wedsync_realtime.channels as c
    cross join lateral (select (filters ->> c.filter_key)::uuid as id) as f
    where c.name = any (channels);

    perform wedsync_realtime.lock_user(check_access.user_id);
    select p.supplier_id, case p.user_type when 'supplier' then p.supplier_id else p.couple_id end
    into v_supplier, user_tenant
    from public.user_profiles as p
    where p.id = check_access.user_id
    for share;
    perform 1
    from public.clients as k
    where
        k.supplier_id = v_supplier
        and k.couple_id = any (array(select t.value::uuid from jsonb_each_text(tenants) as t))
    for share;
    lock table public.realtime_subscriptions in row share mode;

    foreach v_name in array channels loop
        select c.id into v_channel from wedsync_realtime.channels as c where c.name = v_name;
        if not found then
            problem := wedsync_realtime.to_problem(
                'unknown_channel', 'Unknown channel: ' || v_name
            );
            return;
        end if;
        -- a profile that went and came back since is not locked
        if user_tenant is null or wedsync_realtime.may_hear(
            check_access.user_id, v_channel, (tenants ->> v_name)::uuid
        ) is not true then
            problem := wedsync_realtime.to_problem(
                'forbidden_channel', details => 'Channel: ' || v_name
            );
            return;
        end if;
    end loop;
end
$$;

comment on function wedsync_realtime.check_access(uuid, text[], jsonb) is
'Tenants that the filters of a call name, by channel; that of the user; and the problem with the '
'user''s access, or null.';
revoke execute on function wedsync_realtime.check_access(uuid, text[], jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.check_access(uuid, text[], jsonb)
to wedsync_realtime_owner;
