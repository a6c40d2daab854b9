-- Write one lease, or renew it, with its topic and its audit row; everything has been checked.
-- The topic is found, or made, and locked against going cold until the lease that keeps it hot is
-- committed. An old one finds its gate closed in a restored database, where no trigger has opened
-- it: set_gates tells the clients what that means. Two
-- connections of a user may subscribe in one millisecond, so a channel id goes past the last.

create or replace function wedsync_realtime.open_lease(
    user_id       uuid,
    tenant_id     uuid,
    channel       wedsync_realtime.channels,
    topic_tenant  uuid,
    filters       jsonb,
    connection_id uuid,
    epoch         text,
    settings      wedsync_realtime.settings
)
    returns jsonb
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
    v_seen pg_snapshot := wedsync_realtime.lease_snapshot(channel.id, topic_tenant);
    v_value uuid := (filters ->> channel.filter_key)::uuid;
    v_filter text := format('%s=eq.%s', channel.filter_key, v_value);
    v_topic bigint;
    v_lease record;
begin
    loop
        select t.id into v_topic
        from wedsync_realtime.topics as t
        where t.channel_id = channel.id and t.tenant_id = topic_tenant
        for key share;
        exit when found;
        insert into wedsync_realtime.topics (channel_id, tenant_id)
        values (channel.id, topic_tenant)
        on conflict do nothing
        returning id into v_topic;
        exit when found;
    end loop;
    if pg_sequence_last_value(wedsync_realtime.gate_name(channel.id)::regclass) is null then
        perform wedsync_realtime.set_gates();
    end if;
    insert into public.realtime_subscriptions as s (
        user_id, connection_id, channel_id, channel_name, table_name,
        topic_id, since, tenant_id, filter_params, created_at, last_ping_at
    )
    values (
        open_lease.user_id, open_lease.connection_id,
        (
            select format('%s-%s-%s', channel.name, open_lease.user_id, greatest(
                floor(extract(epoch from v_now) * 1000)::bigint,
                max(right(l.channel_id, 13)::bigint) + 1
            ))
            from public.realtime_subscriptions as l
            where l.user_id = open_lease.user_id and l.channel_name = channel.name
        ),
        channel.name, channel.table_name, v_topic, v_seen, open_lease.tenant_id,
        wedsync_realtime.filter_params(channel, filters), v_now, v_now
    )
    on conflict on constraint realtime_subscriptions_user_id_channel_name_key do update
    set
        since = case when s.topic_id = excluded.topic_id then s.since else excluded.since end,
        topic_id = excluded.topic_id,
        filter_params = excluded.filter_params,
        last_ping_at = excluded.last_ping_at
    returning s.channel_id, s.created_at, s.filter_id into v_lease;

    insert into public.realtime_activity_logs (user_id, channel_id, event_type, payload)
    values (
        open_lease.user_id, v_lease.channel_id,
        case v_lease.created_at when v_now then 'subscribed' else 'renewed' end,
        jsonb_build_object(
            'channel', channel.name, 'filter', v_filter, 'connectionId', open_lease.connection_id
        )
    );
    return jsonb_build_object(
        'channel', v_lease.channel_id, 'name', channel.name,
        'topic', channel.name || ':' || topic_tenant, 'table', channel.table_name,
        'subject', wedsync_realtime.subject(channel.name, topic_tenant, v_lease.filter_id),
        'status', 'active', 'filter', v_filter, 'expiresAt', v_now + settings.stale_after,
        'cursor', wedsync_realtime.to_cursor(
            row(epoch, v_topic, v_seen, null, null), settings.cursor_secret
        ),
        'postgresChanges', jsonb_build_object(
            'event', case jsonb_array_length(filters -> 'operations')
                when 1 then filters #>> '{operations,0}' else '*'
            end,
            'schema', channel.schema_name, 'table', channel.table_name,
            'filter', format('%s=eq.%s', channel.tenant_column, topic_tenant)
        )
    );
end
$$;

comment on function wedsync_realtime.open_lease(
    uuid, uuid, wedsync_realtime.channels, uuid, jsonb, uuid, text, wedsync_realtime.settings
) is
'Write or renew one lease and answer what subscribe tells of it.';
revoke execute on function wedsync_realtime.open_lease(
    uuid, uuid, wedsync_realtime.channels, uuid, jsonb, uuid, text, wedsync_realtime.settings
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.open_lease(
    uuid, uuid, wedsync_realtime.channels, uuid, jsonb, uuid, text, wedsync_realtime.settings
)
to wedsync_realtime_owner;
