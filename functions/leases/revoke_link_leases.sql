-- End the leases of a supplier's users on a couple whose link to that supplier is gone.
-- Row triggers run after the whole statement, so a link replaced by another one in it still counts.

create or replace function wedsync_realtime.revoke_link_leases()
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
    perform wedsync_realtime.await_leases((v_old ->> 'supplier_id')::uuid);
    perform wedsync_realtime.end_leases(
        array(
            select s.id
            from wedsync_realtime.topics as t
            inner join public.realtime_subscriptions as s on s.topic_id = t.id
            where
                t.tenant_id = (v_old ->> 'couple_id')::uuid
                and s.tenant_id = (v_old ->> 'supplier_id')::uuid
                and wedsync_realtime.may_hear(s.user_id, t.channel_id, t.tenant_id) is not true
            order by s.user_id, s.channel_name, s.table_name, s.connection_id
            for update of s
        ),
        'revoked', 'client link gone'
    );
    return null;
end
$$;

comment on function wedsync_realtime.revoke_link_leases() is
'Trigger: end subscriptions that rested on a client link that is gone.';
revoke execute on function wedsync_realtime.revoke_link_leases()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.revoke_link_leases()
to wedsync_realtime_owner;
