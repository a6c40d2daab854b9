-- Read the first events of a window after the last one told, in the order of recording, as polls
-- tell them, with the subjects that they go to: the topic's own, and those of its filters that an
-- event passes. Of a topic that clients must read anew nothing is told.

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
begin
    return query
    select
        n.id, 'event', n.id, t.id,
        (
            select array_agg(
                wedsync_realtime.subject(c.name, t.tenant_id, f.filter_id)
                order by f.filter_id nulls first
            )
            from (
                select null as filter_id
                union all
                select f.filter_id
                from wedsync_realtime.filters as f
                where f.topic_id = t.id and wedsync_realtime.event_fits(
                    case when n.is_cut then f.filter - 'where' else f.filter end,
                    n.operation, n.event, n.changed, n.new, n.old
                )
            ) as f
        ),
        to_jsonb(row(
            n.id, null, c.name || ':' || t.tenant_id, n.event, c.schema_name, c.table_name,
            case n.operation when 'I' then 'INSERT' when 'U' then 'UPDATE' else 'DELETE' end,
            n.created_at, coalesce(n.new || '{}', '{}'), coalesce(n.old || '{}', '{}'),
            coalesce(n.changed, '{}')
        )::wedsync_realtime.event) - 'channel'
        || case when n.is_cut then '{"errors": ["payload_too_large"]}' else '{}' end::jsonb
    from (
        select e.*, o.id as topic_id
        from unnest(news.xids, news.topics) as m (xid, topic_id)
        inner join wedsync_realtime.topics as o on o.id = m.topic_id
        cross join lateral (
            select a.*
            from wedsync_realtime.events as a
            where
                (a.tenant_id, a.channel_id, a.xid) = (o.tenant_id, o.channel_id, m.xid)
                and a.id > coalesce((news.seen).last_id, 0)
            offset 0
        ) as e
        where (m.topic_id = any (news.resyncs)) is not true
        order by e.id
        limit max_events
    ) as n
    inner join wedsync_realtime.topics as t on t.id = n.topic_id
    inner join wedsync_realtime.channels as c on c.id = t.channel_id;
end
$$;

comment on function wedsync_realtime.window_events(wedsync_realtime.news, integer) is
'Events of a window, for drain.';
revoke execute on function wedsync_realtime.window_events(wedsync_realtime.news, integer)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.window_events(wedsync_realtime.news, integer)
to wedsync_realtime_owner;
