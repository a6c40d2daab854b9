-- Renew one lease, or write it, with its audit row; everything has been checked. What is asked for
-- as before is only touched: a lease that is held holds its topic. An old topic finds its gate
-- closed in a restored database, where no trigger has opened it: set_gates tells the clients what
-- that means.

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
    v_value text := lower(filters ->> channel.filter_key);
    v_filter text := concat(channel.filter_key, '=eq.', v_value);
    v_params jsonb := jsonb_object(array[channel.filter_key, v_value]);
    v_lease record;
begin
    if filters ?| array['operations', 'events', 'changed', 'where'] then
        v_params := wedsync_realtime.filter_params(channel, filters);
    end if;
    select s.id, s.channel_id, s.topic_id, s.filter_id, 'renewed' as event into v_lease
    from wedsync_realtime.topics as t
    inner join public.realtime_subscriptions as s on s.topic_id = t.id
    where
        t.channel_id = channel.id
        and t.tenant_id = topic_tenant
        and s.user_id = open_lease.user_id
        and s.channel_name = channel.name
        and s.table_name = channel.table_name
        and s.connection_id = open_lease.connection_id
        and s.filter_params = v_params;
    if found then
        update public.realtime_subscriptions as s set last_ping_at = v_now where s.id = v_lease.id;
    else
        v_lease := wedsync_realtime.write_lease(
            user_id, tenant_id, channel, topic_tenant, v_params, connection_id, v_seen, v_now
        );
    end if;
    if pg_sequence_last_value(wedsync_realtime.gate_name(channel.id)::regclass) is null then
        perform wedsync_realtime.set_gates();
    end if;

    insert into public.realtime_activity_logs (user_id, channel_id, event_type, payload)
    values (
        open_lease.user_id, v_lease.channel_id, v_lease.event,
        jsonb_object(array[
            'channel', channel.name, 'filter', v_filter,
            'connectionId', open_lease.connection_id::text
        ])
    );
    return jsonb_object(array[
        'channel', v_lease.channel_id, 'name', channel.name,
        'topic', concat(channel.name, ':', topic_tenant), 'table', channel.table_name,
        'subject', wedsync_realtime.subject(channel.name, topic_tenant, v_lease.filter_id),
        'status', 'active', 'filter', v_filter,
        'expiresAt', to_jsonb(v_now + settings.stale_after) #>> '{}',
        'cursor', wedsync_realtime.to_cursor(
            row(epoch, v_lease.topic_id, v_seen, null, null), settings.cursor_secret
        )
    ]) || jsonb_build_object('postgresChanges', jsonb_object(array[
        'event', case jsonb_array_length(filters -> 'operations')
            when 1 then filters #>> '{operations,0}' else '*'
        end,
        'schema', channel.schema_name, 'table', channel.table_name,
        'filter', concat(channel.tenant_column, '=eq.', topic_tenant)
    ]));
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
