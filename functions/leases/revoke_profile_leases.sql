-- End the leases of users whose profile was deleted or changed its side or its tenant.

create or replace function wedsync_realtime.revoke_profile_leases()
    returns trigger
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- by name, because a column that was renamed must not make the write fail
    v_old constant jsonb := to_jsonb(old);
begin
    perform wedsync_realtime.await_leases((
        v_old ->> case v_old ->> 'user_type' when 'supplier' then 'supplier_id' else 'couple_id' end
    )::uuid);
    perform wedsync_realtime.end_leases(
        array(
            select s.id
            from public.realtime_subscriptions as s
            where s.user_id = (v_old ->> 'id')::uuid
            order by s.user_id, s.channel_name, s.table_name, s.connection_id
            for update
        ),
        'revoked',
        case
            when tg_op = 'UPDATE' then 'profile changed' else 'profile deleted'
        end
    );
    return null;
end
$$;

comment on function wedsync_realtime.revoke_profile_leases() is
'Trigger: end subscriptions that rested on a changed or deleted profile.';
revoke execute on function wedsync_realtime.revoke_profile_leases()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.revoke_profile_leases()
to wedsync_realtime_owner;
