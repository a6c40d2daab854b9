-- Read the events of a topic between two snapshots, after an id, as clients get them.
-- What a snapshot has not seen is all from its xmax on and the few below that were running: two
-- index ranges, however old the oldest transaction.

create or replace function wedsync_realtime.read_page(
    topic_id     bigint,
    seen         pg_snapshot,
    upto         pg_snapshot,
    after_id     bigint,
    channel      text,
    filter       jsonb,
    max_events   integer,
    out events   jsonb,
    out has_more boolean,
    out last_id  bigint,
    out last_xid xid8
)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_xmax xid8 := pg_snapshot_xmax(seen);
    v_xip xid8[] := array(select pg_snapshot_xip(seen));
    v_topic record;
    v_count bigint;
begin
    select t.*, c.name || ':' || t.tenant_id as topic, c.schema_name, c.table_name into v_topic
    from wedsync_realtime.topics as t
    inner join wedsync_realtime.channels as c on c.id = t.channel_id
    where t.id = read_page.topic_id;
    select
        jsonb_agg(
            case when e.is_cut then b.body || '{"errors": ["payload_too_large"]}' else b.body end
            order by e.id
        ),
        count(*), max(e.xid)
    into events, v_count, last_xid
    from (
        select u.*
        from (
            select n.* from wedsync_realtime.events as n
            where (n.tenant_id, n.channel_id) = (v_topic.tenant_id, v_topic.channel_id)
                and n.xid >= v_xmax
            union all
            select n.* from unnest(v_xip) as x
            cross join lateral (
                select m.* from wedsync_realtime.events as m
                where (m.tenant_id, m.channel_id) = (v_topic.tenant_id, v_topic.channel_id)
                    and m.xid = x
            ) as n
        ) as u
        where
            u.id > after_id
            and pg_visible_in_snapshot(u.xid, upto)
            and (filter is null or wedsync_realtime.event_fits(
                case when u.is_cut then filter - 'where' else filter end,
                u.operation, u.event, u.changed, u.new, u.old
            ))
        order by u.id
        limit max_events + 1
    ) as e
    cross join lateral (
        select jsonb_build_object(
            'id', e.id, 'channel', read_page.channel, 'topic', v_topic.topic, 'event', e.event,
            'schema', v_topic.schema_name, 'table', v_topic.table_name,
            'eventType', case e.operation
                when 'I' then 'INSERT' when 'U' then 'UPDATE' else 'DELETE'
            end,
            'commit_timestamp', e.created_at,
            'new', coalesce(e.new, '{}'), 'old', coalesce(e.old, '{}'),
            'changed', coalesce(to_jsonb(e.changed), '[]')
        ) as body
    ) as b;
    has_more := v_count > max_events;
    events := coalesce(events, jsonb_build_array());
    if has_more then
        events := events - max_events;
        last_id := (events -> -1 ->> 'id')::bigint;
    end if;
end
$$;

comment on function wedsync_realtime.read_page(
    bigint, pg_snapshot, pg_snapshot, bigint, text, jsonb, integer
) is
'Events of a topic between two snapshots, after an id, as clients get them.';
revoke execute on function wedsync_realtime.read_page(
    bigint, pg_snapshot, pg_snapshot, bigint, text, jsonb, integer
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.read_page(
    bigint, pg_snapshot, pg_snapshot, bigint, text, jsonb, integer
)
to wedsync_realtime_owner;
