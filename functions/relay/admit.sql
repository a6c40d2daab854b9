-- Say who a connection belongs to and on which subjects it may listen: those of the live leases of
-- the user that the claims name on that connection, each decided anew. The relay has verified the
-- claims. A token without a role is a user's; one of another role than clients have is refused.
-- Leases are found by key, and first: a relay lives long, and a plan from when there were few would
-- read all of them at every login.
-- Refuses: unauthorized, invalid_request.

create or replace function wedsync_realtime.admit(claims jsonb, connection_id uuid)
    returns jsonb
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set jit = off
    set enable_seqscan = off
as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_user uuid;
    v_expires timestamptz;
    v_stale_after interval;
begin
    begin
        v_user := (claims ->> 'sub')::uuid;
        v_expires := to_timestamp((claims ->> 'exp')::double precision);
    exception
        -- claims may be any JSON
        when data_exception or program_limit_exceeded then
            v_expires := '-infinity';
    end;
    if v_user is null or coalesce(claims ->> 'role', 'authenticated') <> 'authenticated'
        or v_expires <= v_now
    then
        return wedsync_realtime.refuse(
            v_user, 'admit', wedsync_realtime.to_problem(
                'unauthorized', hint => 'The token must name a user, and not have expired.'
            )
        );
    end if;
    if connection_id is null then
        return wedsync_realtime.refuse(v_user, 'admit', wedsync_realtime.to_problem(
            'invalid_request', 'connection_id must be a uuid',
            hint => 'A client connects with its connection_id as its name.'
        ));
    end if;
    select s.stale_after into v_stale_after from wedsync_realtime.settings as s;
    return (
        select jsonb_build_object(
            'success', true, 'userId', v_user, 'connectionId', admit.connection_id,
            'subjects', coalesce(jsonb_agg(
                distinct wedsync_realtime.subject(s.channel_name, t.tenant_id, s.filter_id)
            ), '[]'),
            'expiresAt', v_expires
        )
        from (
            select l.channel_name, l.filter_id, l.topic_id
            from public.realtime_subscriptions as l
            where
                l.user_id = v_user
                and l.connection_id = admit.connection_id
                and l.last_ping_at > v_now - v_stale_after
            offset 0
        ) as s
        inner join wedsync_realtime.topics as t on t.id = s.topic_id
        where wedsync_realtime.may_hear(v_user, t.channel_id, t.tenant_id)
    );
end
$$;

comment on function wedsync_realtime.admit(jsonb, uuid) is
'Who a connection belongs to, on which subjects it may listen, and until when; for a relay.';
revoke execute on function wedsync_realtime.admit(jsonb, uuid)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.admit(jsonb, uuid) to wedsync_realtime_relay;
