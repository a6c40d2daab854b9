-- Renew one lease, or write it, with its audit row; all has been checked but the limits, which
-- count new leases only. What is asked for as before is only touched: a lease that is held holds
-- its topic, but a wedding may have gone over to another couple. A call for several fails as a
-- whole, so subscribe has asked for the limits of all of them before anything is touched. Where no
-- job has noted the server (epoch is null), the database may be a restored one, whose gates no
-- trigger has opened for its topics: set_gates tells the clients what that means.
-- Refuses: connection_limit.

create or replace function wedsync_realtime.open_lease(
    user_id       uuid,
    tenant_id     uuid,
    channels      text[],
    channel       wedsync_realtime.channels,
    topic_tenant  uuid,
    filters       jsonb,
    connection_id uuid,
    epoch         text,
    settings      wedsync_realtime.settings,
    out opened    jsonb,
    out problem   wedsync_realtime.problem
)
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
-- problem is one of two results: @plpgsql_check_options: extra_warnings = off
declare
    v_now timestamptz := clock_timestamp();
    v_seen pg_snapshot;
    v_value text := lower(filters ->> channel.filter_key);
    v_filter text := concat(channel.filter_key, '=eq.', v_value);
    v_params jsonb := jsonb_object(array[channel.filter_key, v_value]);
    v_topic bigint;
    v_lease record;
    v_cursor text;
begin
    if filters ?| array['operations', 'events', 'changed', 'where'] then
        v_params := wedsync_realtime.filter_params(channel, filters);
    end if;
    if channel.filter_key = 'wedding_id' then
        select t.id into v_topic from wedsync_realtime.topics as t
        where t.channel_id = channel.id and t.tenant_id = topic_tenant;
    end if;
    update public.realtime_subscriptions as s
    set last_ping_at = case when s.filter_params = v_params
        and (channel.filter_key <> 'wedding_id' or s.topic_id = v_topic)
        then v_now else s.last_ping_at end
    where
        s.user_id = open_lease.user_id and s.connection_id = open_lease.connection_id
        and s.channel_name = channel.name and s.table_name = channel.table_name
    returning
        s.channel_id, s.topic_id, s.filter_id, 'renewed' as event,
        s.filter_params = v_params
        and (channel.filter_key <> 'wedding_id' or s.topic_id = v_topic) as is_same
    into v_lease;
    if not found and cardinality(channels) = 1 then
        problem := wedsync_realtime.check_limits(
            user_id, tenant_id, channels, connection_id, settings
        );
        if problem.code is not null then
            return;
        end if;
    end if;
    v_seen := pg_current_snapshot();
    if pg_snapshot_xmax(v_seen) > pg_current_xact_id() then
        v_seen := wedsync_realtime.lease_snapshot(channel.id, topic_tenant);
    end if;
    if v_lease.is_same is not true then
        v_lease := wedsync_realtime.write_lease(
            user_id, tenant_id, channel, topic_tenant, v_params, connection_id, v_seen, v_now,
            v_lease.channel_id is not null
        );
    end if;
    if epoch is null then
        epoch := wedsync_realtime.epoch();
        perform wedsync_realtime.set_gates()
        where pg_sequence_last_value(('wedsync_realtime.gate_' || channel.id)::regclass) is null;
    end if;
    insert into public.realtime_activity_logs (user_id, channel_id, event_type, payload)
    values (
        open_lease.user_id, v_lease.channel_id, v_lease.event,
        jsonb_object(array[
            'channel', channel.name, 'filter', v_filter, 'connectionId', connection_id::text
        ])
    );
    v_cursor := concat_ws('.', '1', epoch, v_lease.topic_id, v_seen) || '.';
    opened := jsonb_object(array[
        'channel', v_lease.channel_id, 'name', channel.name,
        'topic', concat(channel.name, ':', topic_tenant), 'table', channel.table_name,
        'subject', wedsync_realtime.subject(channel.name, topic_tenant, v_lease.filter_id),
        'status', 'active', 'filter', v_filter,
        'expiresAt', to_jsonb(v_now + settings.stale_after) #>> '{}',
        'cursor', v_cursor || wedsync_realtime.sign_cursor(v_cursor, settings.cursor_secret)
    ]) || jsonb_build_object('postgresChanges', jsonb_object(array[
        'event', case jsonb_array_length(filters -> 'operations') when 1
            then filters #>> '{operations,0}' else '*' end,
        'schema', channel.schema_name, 'table', channel.table_name,
        'filter', concat(channel.tenant_column, '=eq.', topic_tenant)
    ]));
end
$$;

comment on function wedsync_realtime.open_lease(
    uuid, uuid, text[], wedsync_realtime.channels, uuid, jsonb, uuid, text,
    wedsync_realtime.settings
) is
'Renew or write one lease: what subscribe tells of it, or the problem with the limits.';
revoke execute on function wedsync_realtime.open_lease(
    uuid, uuid, text[], wedsync_realtime.channels, uuid, jsonb, uuid, text,
    wedsync_realtime.settings
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.open_lease(
    uuid, uuid, text[], wedsync_realtime.channels, uuid, jsonb, uuid, text,
    wedsync_realtime.settings
)
to wedsync_realtime_owner;
