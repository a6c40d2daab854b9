-- List the messages of a broadcast: events that this transaction has just recorded, as poll
-- returns them; or, with a reason, one for every hot topic of a channel, whose name has no dot,
-- so that no rule can give it.
-- The events are fetched by their places: by index, each statement of a long transaction would
-- read all that the ones before it have recorded. The time leaves out partitions in which the
-- same places hold something else. The plan is made once, because planning costs ten times what
-- the plan does, and must not be the one that suits an empty feed.

create or replace function wedsync_realtime.broadcast_messages(
    channel_id smallint,
    places     tid[],
    since      timestamptz,
    reason     text
)
    returns table (topic text, event text, payload jsonb)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
as $$
begin
    return query
    select
        c.name || ':' || m.tenant_id, m.event,
        jsonb_build_object(
            'channel', c.name, 'topic', c.name || ':' || m.tenant_id, 'event', m.event,
            'schema', c.schema_name, 'table', c.table_name
        ) || m.content
    from wedsync_realtime.channels as c
    cross join lateral (
        select
            e.id, e.tenant_id, e.event,
            jsonb_build_object(
                'id', e.id,
                'eventType', case e.operation
                    when 'I' then 'INSERT' when 'U' then 'UPDATE' else 'DELETE'
                end,
                'commit_timestamp', e.created_at,
                'new', coalesce(e.new, '{}'), 'old', coalesce(e.old, '{}'),
                'changed', coalesce(to_jsonb(e.changed), '[]')
            ) || case
                when e.is_cut then '{"errors": ["payload_too_large"]}'::jsonb else '{}'
            end as content
        from (
            select n.*
            from wedsync_realtime.events as n
            where
                n.ctid = any (broadcast_messages.places)
                and n.created_at >= broadcast_messages.since
            offset 0
        ) as e
        where e.channel_id = c.id and e.xid = pg_current_xact_id_if_assigned()
        union all
        select
            null, t.tenant_id, 'resync',
            jsonb_build_object(
                'commit_timestamp', clock_timestamp(),
                'resyncRequired', true, 'reason', broadcast_messages.reason
            )
        from wedsync_realtime.topics as t
        where t.channel_id = c.id and broadcast_messages.reason is not null
    ) as m
    where c.id = broadcast_messages.channel_id
    order by m.id;
end
$$;

comment on function
wedsync_realtime.broadcast_messages(smallint, tid[], timestamptz, text) is
'The messages of a broadcast: events of this transaction, or a call to resync.';
revoke execute on function
wedsync_realtime.broadcast_messages(smallint, tid[], timestamptz, text)
from public, anon, authenticated, service_role;
grant execute on function
wedsync_realtime.broadcast_messages(smallint, tid[], timestamptz, text)
to wedsync_realtime_owner;
