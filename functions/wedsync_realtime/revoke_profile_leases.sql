-- End the leases of users whose profile was deleted or changed its side or its tenant.

create or replace function wedsync_realtime.revoke_profile_leases()
    returns trigger
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform wedsync_realtime.await_leases(
        case old.user_type when 'supplier' then old.supplier_id else old.couple_id end
    );
    perform wedsync_realtime.end_leases(
        array(
            select s.id
            from public.realtime_subscriptions as s
            where s.user_id = old.id
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
