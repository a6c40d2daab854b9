-- End one lease of the caller by its channel id.
-- Refuses: unauthorized, invalid_request, subscription_not_found (the same for another user's).

create or replace function wedsync_realtime.unsubscribe(channel text)
    returns jsonb
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_user uuid := wedsync_realtime.caller_id();
    v_problem wedsync_realtime.problem;
begin
    if v_user is null then
        v_problem := wedsync_realtime.to_problem('unauthorized');
    elsif channel is null or length(channel) not between 1 and 200 then
        v_problem := wedsync_realtime.to_problem(
            'invalid_request', 'channel must be a channel id, as subscribe answered it'
        );
    elsif wedsync_realtime.end_leases(
        array(
            select s.id
            from public.realtime_subscriptions as s
            where s.user_id = v_user and s.channel_id = unsubscribe.channel
            for update
        ),
        'unsubscribed', 'by the user'
    ) = 0 then
        v_problem := wedsync_realtime.to_problem('subscription_not_found');
    end if;
    if v_problem.code is not null then
        return wedsync_realtime.refuse(v_user, 'unsubscribe', v_problem);
    end if;
    return jsonb_build_object('success', true, 'channel', channel, 'status', 'closed');
end
$$;

comment on function wedsync_realtime.unsubscribe(text) is
'End one subscription of the caller; the body of realtime_unsubscribe.';
revoke execute on function wedsync_realtime.unsubscribe(text)
from public, anon;
grant execute on function wedsync_realtime.unsubscribe(text)
to authenticated, service_role;
