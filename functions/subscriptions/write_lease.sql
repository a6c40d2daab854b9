-- Write a lease that is new, or one that is held and renewed for something else. The topic is
-- found, or made, and locked against going cold until the lease that keeps it hot is committed; so
-- is the filter. No other call of the user writes meanwhile: take_rate keeps them in turn. Two
-- connections of a user may subscribe in one millisecond: a channel id passes over those taken.

create or replace function wedsync_realtime.write_lease(
    user_id         uuid,
    tenant_id       uuid,
    channel         wedsync_realtime.channels,
    topic_tenant    uuid,
    params          jsonb,
    connection_id   uuid,
    seen            pg_snapshot,
    at              timestamptz,
    is_held         boolean,
    out channel_id  text,
    out topic_id    bigint,
    out filter_id   text,
    out event       text
)
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_filter jsonb := params - array['supplier_id', 'couple_id', 'wedding_id'];
    v_number bigint := floor(extract(epoch from at) * 1000)::bigint;
begin
    filter_id := case when v_filter <> '{}' then md5(v_filter::text) end;
    loop
        select t.id into topic_id
        from wedsync_realtime.topics as t
        where t.channel_id = channel.id and t.tenant_id = topic_tenant
        for key share;
        exit when found;
        insert into wedsync_realtime.topics (channel_id, tenant_id)
        values (channel.id, topic_tenant)
        on conflict do nothing
        returning id into topic_id;
        exit when found;
    end loop;
    if filter_id is not null then
        perform wedsync_realtime.keep_filter(topic_id, filter_id, params);
    end if;
    if is_held then
        update public.realtime_subscriptions as s
        set
            since = case when s.topic_id = write_lease.topic_id then s.since else seen end,
            topic_id = write_lease.topic_id,
            filter_params = params,
            filter_id = write_lease.filter_id,
            last_ping_at = at
        where
            s.user_id = write_lease.user_id
            and s.channel_name = channel.name
            and s.table_name = channel.table_name
            and s.connection_id = write_lease.connection_id
        returning s.channel_id, 'renewed' into channel_id, event;
        return;
    end if;
    while exists (
        select from public.realtime_subscriptions as s
        where
            s.user_id = write_lease.user_id
            and s.channel_name = channel.name
            and right(s.channel_id, 13)::bigint = v_number
    ) loop
        v_number := v_number + 1;
    end loop;
    insert into public.realtime_subscriptions as s (
        user_id, connection_id, channel_id, channel_name, table_name,
        topic_id, since, tenant_id, filter_params, filter_id, created_at, last_ping_at
    )
    values (
        write_lease.user_id, write_lease.connection_id,
        format('%s-%s-%s', channel.name, write_lease.user_id, v_number),
        channel.name, channel.table_name, write_lease.topic_id, seen, write_lease.tenant_id,
        params, write_lease.filter_id, at, at
    )
    returning s.channel_id, 'subscribed' into channel_id, event;
end
$$;

comment on function wedsync_realtime.write_lease(
    uuid, uuid, wedsync_realtime.channels, uuid, jsonb, uuid, pg_snapshot, timestamptz, boolean
) is
'Write a lease that is new or is renewed for something else.';
revoke execute on function wedsync_realtime.write_lease(
    uuid, uuid, wedsync_realtime.channels, uuid, jsonb, uuid, pg_snapshot, timestamptz, boolean
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.write_lease(
    uuid, uuid, wedsync_realtime.channels, uuid, jsonb, uuid, pg_snapshot, timestamptz, boolean
)
to wedsync_realtime_owner;
