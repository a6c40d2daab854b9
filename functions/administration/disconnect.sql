-- End leases by hand: those of a user, a tenant, a channel, a connection, or of what all the
-- given ones have in common. The users may subscribe again; to keep them out, change what admits
-- them.
-- It waits two seconds at most for whoever is in the way, because pings queue behind it.

create or replace function wedsync_realtime.disconnect(
    user_id       uuid default null,
    tenant_id     uuid default null,
    channel       text default null,
    connection_id uuid default null
)
    returns integer
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '2s'
as $$
declare
    v_ended integer;
begin
    if num_nonnulls(user_id, tenant_id, channel, connection_id) = 0 then
        raise exception 'disconnect needs a user_id, a tenant_id, a channel or a connection_id'
            using errcode = 'invalid_parameter_value';
    end if;
    -- all at once, because a deletion of their users would take the rows in another order
    lock table public.realtime_subscriptions in exclusive mode;
    v_ended := wedsync_realtime.end_leases(
        array(
            select s.id
            from public.realtime_subscriptions as s
            inner join wedsync_realtime.topics as t on t.id = s.topic_id
            where
                (disconnect.user_id is null or s.user_id = disconnect.user_id)
                and (
                    disconnect.tenant_id is null
                    or disconnect.tenant_id in (s.tenant_id, t.tenant_id)
                )
                and (
                    disconnect.channel is null
                    or disconnect.channel in (s.channel_name, s.channel_id)
                )
                and (
                    disconnect.connection_id is null
                    or s.connection_id = disconnect.connection_id
                )
        ),
        'revoked', 'disconnected by ' || session_user
    );
    perform wedsync_realtime.log_activity(
        null, null, 'disconnected',
        jsonb_strip_nulls(jsonb_build_object(
            'by', session_user, 'user_id', user_id, 'tenant_id', tenant_id,
            'channel', left(channel, 200), 'connection_id', connection_id, 'ended', v_ended
        ))
    );
    return v_ended;
exception
    when lock_not_available then
        raise exception 'somebody is in the way: %', sqlerrm
            using errcode = 'lock_not_available',
            hint = 'wedsync_realtime.open_transactions() lists who has left a transaction open; '
                'end it with pg_terminate_backend(pid), then disconnect again.';
end
$$;

comment on function wedsync_realtime.disconnect(uuid, uuid, text, uuid) is
'End subscriptions of a user, tenant, channel (name or id) or connection; returns how many.';
revoke execute on function wedsync_realtime.disconnect(uuid, uuid, text, uuid)
from public, anon, authenticated;
grant execute on function wedsync_realtime.disconnect(uuid, uuid, text, uuid)
to service_role;
