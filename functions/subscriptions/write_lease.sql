-- Write a lease that is new, or is renewed for something else. The topic is found, or made, and
-- locked against going cold until the lease that keeps it hot is committed. Two connections of a
-- user may subscribe in one millisecond, so a channel id goes past the last.

create or replace function wedsync_realtime.write_lease(
    user_id         uuid,
    tenant_id       uuid,
    channel         wedsync_realtime.channels,
    topic_tenant    uuid,
    params          jsonb,
    connection_id   uuid,
    seen            pg_snapshot,
    at              timestamptz,
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
    insert into public.realtime_subscriptions as s (
        user_id, connection_id, channel_id, channel_name, table_name,
        topic_id, since, tenant_id, filter_params, filter_id, created_at, last_ping_at
    )
    values (
        write_lease.user_id, write_lease.connection_id,
        (
            select format('%s-%s-%s', channel.name, write_lease.user_id, greatest(
                floor(extract(epoch from at) * 1000)::bigint,
                max(right(l.channel_id, 13)::bigint) + 1
            ))
            from public.realtime_subscriptions as l
            where l.user_id = write_lease.user_id and l.channel_name = channel.name
        ),
        channel.name, channel.table_name, write_lease.topic_id, seen, write_lease.tenant_id,
        params, write_lease.filter_id, at, at
    )
    on conflict on constraint realtime_subscriptions_user_id_channel_name_key do update
    set
        since = case when s.topic_id = excluded.topic_id then s.since else excluded.since end,
        topic_id = excluded.topic_id,
        filter_params = excluded.filter_params,
        filter_id = excluded.filter_id,
        last_ping_at = excluded.last_ping_at
    returning s.channel_id, case s.created_at when at then 'subscribed' else 'renewed' end
    into channel_id, event;
end
$$;

comment on function wedsync_realtime.write_lease(
    uuid, uuid, wedsync_realtime.channels, uuid, jsonb, uuid, pg_snapshot, timestamptz
) is
'Write a lease that is new or is renewed for something else.';
revoke execute on function wedsync_realtime.write_lease(
    uuid, uuid, wedsync_realtime.channels, uuid, jsonb, uuid, pg_snapshot, timestamptz
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.write_lease(
    uuid, uuid, wedsync_realtime.channels, uuid, jsonb, uuid, pg_snapshot, timestamptz
)
to wedsync_realtime_owner;
