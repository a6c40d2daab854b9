-- Renew the caller's leases, so that cleanup leaves them alone: all, or those of one channel
-- (its name or its id), of one connection, or both. A lease that has expired is not brought
-- back. They are taken in the order of their key, as by all who take several at once, so that
-- nobody waits for each other in a circle: any scan but one of the key's index would take them in
-- another. Such a plan is taken to read much, so jit would compile it.
-- Definer: clients hold no UPDATE on public.realtime_subscriptions.
-- Refuses: unauthorized, subscription_expired.

create or replace function wedsync_realtime.ping(channel_name text, connection_id uuid)
    returns jsonb
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set jit = off
    set enable_bitmapscan = off
    set enable_seqscan = off
as $$
declare
    v_user uuid := wedsync_realtime.caller_id();
    v_now timestamptz := clock_timestamp();
    v_stale_after interval;
    v_pinged integer;
begin
    if v_user is null then
        return wedsync_realtime.refuse(null, 'ping', wedsync_realtime.to_problem('unauthorized'));
    end if;
    select s.stale_after into v_stale_after from wedsync_realtime.settings as s;
    update public.realtime_subscriptions as s
    set last_ping_at = v_now
    where
        s.user_id = v_user
        and s.last_ping_at > v_now - v_stale_after
        and (ping.channel_name is null or ping.channel_name in (s.channel_name, s.channel_id))
        and (ping.connection_id is null or s.connection_id = ping.connection_id);
    get diagnostics v_pinged = row_count;
    if v_pinged = 0 then
        return wedsync_realtime.refuse(
            v_user, 'ping',
            wedsync_realtime.to_problem(
                'subscription_expired', hint => 'Subscribe again and go on from your cursor.'
            )
        );
    end if;
    return jsonb_build_object(
        'success', true, 'pinged', v_pinged, 'expiresAt', v_now + v_stale_after
    );
end
$$;

comment on function wedsync_realtime.ping(text, uuid) is
'Renew the caller''s subscriptions; the body of realtime_ping.';
revoke execute on function wedsync_realtime.ping(text, uuid)
from public, anon;
grant execute on function wedsync_realtime.ping(text, uuid)
to authenticated, service_role;
