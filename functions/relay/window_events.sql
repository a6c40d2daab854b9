-- Read the first events of a window after the last one told, in the order of recording, as polls
-- tell them, with the subjects that they go to: the topic's own, and those of its filters that an
-- event passes. Of a topic that clients must read anew nothing is told. What a topic is like is
-- looked up once, however many transactions have changed it.

create or replace function wedsync_realtime.window_events(
    news       wedsync_realtime.news,
    max_events integer
)
    returns setof wedsync_realtime.told
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_last_id constant bigint := greatest((news.seen).last_id, 0);
begin
    return query
    select
        n.id, 'event', n.id, n.topic_id,
        case when n.is_filtered then array[n.subject] || array(
            select n.subject || '.' || f.filter_id
            from wedsync_realtime.filters as f
            where f.topic_id = n.topic_id and wedsync_realtime.event_fits(
                case when n.is_cut then f.filter - 'where' else f.filter end,
                n.operation, n.event, n.changed, n.new, n.old
            )
        ) else array[n.subject] end,
        case when n.is_cut then b.body || '{"errors": ["payload_too_large"]}' else b.body end,
        lead(n.id) over (partition by n.topic_id order by n.id) is null
        and count(*) over () < max_events
    from (
        select e.*, t.*
        from (
            select
                m.xids, o.tenant_id, o.channel_id, o.id as topic_id, c.schema_name, c.table_name,
                c.name || ':' || o.tenant_id as topic,
                -- as subject() does, without a call for each
                concat_ws('.', 'wedsync.event', c.name, o.tenant_id) as subject,
                exists (select from wedsync_realtime.filters as f where f.topic_id = o.id)
                as is_filtered
            from (
                select u.topic_id, array_agg(u.xid) as xids
                from unnest(news.xids, news.topics) as u (xid, topic_id)
                where (u.topic_id = any (news.resyncs)) is not true
                group by u.topic_id
            ) as m
            inner join wedsync_realtime.topics as o on o.id = m.topic_id
            inner join wedsync_realtime.channels as c on c.id = o.channel_id
            offset 0
        ) as t
        cross join unnest(t.xids) as x (xid)
        cross join lateral (
            select
                a.id, a.created_at, a.operation, a.is_cut, a.event, a.new, a.old, a.changed
            from wedsync_realtime.events as a
            where
                (a.tenant_id, a.channel_id, a.xid) = (t.tenant_id, t.channel_id, x.xid)
                and a.id > v_last_id
            offset 0
        ) as e
        order by e.id
        limit max_events
    ) as n
    cross join lateral (
        select jsonb_build_object(
            'id', n.id, 'topic', n.topic, 'event', n.event, 'schema', n.schema_name,
            'table', n.table_name, 'eventType', case n.operation
                when 'I' then 'INSERT' when 'U' then 'UPDATE' else 'DELETE'
            end,
            'commit_timestamp', n.created_at,
            'new', coalesce(n.new, '{}'), 'old', coalesce(n.old, '{}'),
            'changed', coalesce(n.changed, '{}')
        ) as body
    ) as b;
end
$$;

comment on function wedsync_realtime.window_events(wedsync_realtime.news, integer) is
'Events of a window, for drain.';
revoke execute on function wedsync_realtime.window_events(wedsync_realtime.news, integer)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.window_events(wedsync_realtime.news, integer)
to wedsync_realtime_owner;
