-- End all leases of the caller, or those of one connection. The user is held first, because a
-- deletion of the user takes the leases in another order.
-- Refuses: unauthorized.

create or replace function wedsync_realtime.unsubscribe_all(connection_id uuid)
    returns jsonb
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_user uuid := wedsync_realtime.caller_id();
begin
    if v_user is null then
        return wedsync_realtime.refuse(
            null, 'unsubscribe_all', wedsync_realtime.to_problem('unauthorized')
        );
    end if;
    perform wedsync_realtime.lock_user(v_user);
    return jsonb_build_object('success', true, 'closed', wedsync_realtime.end_leases(
        array(
            select s.id
            from public.realtime_subscriptions as s
            where
                s.user_id = v_user
                and (
                    unsubscribe_all.connection_id is null
                    or s.connection_id = unsubscribe_all.connection_id
                )
            order by s.user_id, s.channel_name, s.table_name, s.connection_id
            for update
        ),
        'unsubscribed', 'by the user'
    ));
end
$$;

comment on function wedsync_realtime.unsubscribe_all(uuid) is
'End all subscriptions of the caller or of one connection; the body of realtime_unsubscribe_all.';
revoke execute on function wedsync_realtime.unsubscribe_all(uuid)
from public, anon;
grant execute on function wedsync_realtime.unsubscribe_all(uuid)
to authenticated, service_role;
