-- Tell the caller what it listens to, what came for it and what limits it.
-- Refuses: unauthorized.

create or replace function wedsync_realtime.status()
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
declare
    v_user uuid := wedsync_realtime.caller_id();
begin
    if v_user is null then
        perform set_config('response.status', '401', true);
        return jsonb_build_object(
            'success', false, 'error', 'Unauthorized', 'code', 'unauthorized', 'status', 401,
            'details', null, 'hint', null, 'retryAfter', null
        );
    end if;
    return (
        select jsonb_build_object(
            'success', true,
            'connected', count(s.id) > 0,
            'activeChannels', coalesce(
                jsonb_agg(distinct s.channel_name collate "C" order by s.channel_name collate "C")
                filter (where s.id is not null), '[]'
            ),
            'messageCount', m.messages,
            'lastMessageAt', m.last_at,
            'subscriptions', coalesce(jsonb_agg(jsonb_build_object(
                'channel', s.channel_id,
                'name', s.channel_name,
                'table', s.table_name,
                'connectionId', s.connection_id,
                'filter', s.filter_params,
                'createdAt', s.created_at,
                'lastPingAt', s.last_ping_at,
                'expiresAt', s.last_ping_at + x.stale_after
            ) order by s.created_at) filter (where s.id is not null), '[]'),
            'limits', jsonb_build_object(
                'subscribePerMinute', x.subscribe_per_minute,
                'subscribeBurst', x.subscribe_burst,
                'channelsPerCall', x.channels_per_call,
                'subscriptionsPerUser', x.subscriptions_per_user,
                'subscriptionsPerTenant',
                coalesce(n.max_subscriptions, x.subscriptions_per_tenant),
                'staleAfterSeconds', extract(epoch from x.stale_after)
            )
        )
        from wedsync_realtime.settings as x
        left join public.realtime_subscriptions as s
            on s.user_id = v_user and s.last_ping_at > clock_timestamp() - x.stale_after
        left join public.user_profiles as p on p.id = v_user
        left join wedsync_realtime.tenants as n
            on n.tenant_id = case p.user_type
                when 'supplier' then p.supplier_id else p.couple_id
            end
        cross join wedsync_realtime.message_count(v_user) as m
        group by x.id, n.max_subscriptions, m.messages, m.last_at
    );
end
$$;

comment on function wedsync_realtime.status() is
'What the caller listens to; the body of realtime_status.';
revoke execute on function wedsync_realtime.status()
from public, anon;
grant execute on function wedsync_realtime.status()
to authenticated, service_role;
