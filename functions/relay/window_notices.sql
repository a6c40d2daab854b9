-- Read what else a window tells. Leases that ended come first, because the window was cut so that
-- all its events on their topics were committed after them; then the topics to be read anew, of
-- which it tells no events. Both have places below all ids. What concerns all of a topic goes to
-- its own subject and those of its filters. Where everybody must read anew nobody knows which ends
-- a relay was told of, and transaction ids may be another history's: it is told of all that are
-- kept, page by page in the order of their key.

create or replace function wedsync_realtime.window_notices(
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
    v_is_anew constant boolean := news.has_notices is null;
    v_seen constant pg_snapshot := (news.seen).seen;
    v_last_id constant bigint := coalesce((news.seen).last_id, -9223372036854775808);
begin
    return query
    select
        n.place, n.kind, n.id, n.topic_id,
        case when n.subject is not null then array[n.subject] else (
            -- as subject() does, without a call for each
            select array_agg(
                concat_ws('.', 'wedsync.event', c.name, t.tenant_id, f.filter_id)
                order by f.filter_id nulls first
            )
            from wedsync_realtime.topics as t
            inner join wedsync_realtime.channels as c on c.id = t.channel_id
            cross join lateral (
                select null as filter_id
                union all
                select l.filter_id from wedsync_realtime.filters as l where l.topic_id = t.id
            ) as f
            where t.id = n.topic_id
        ) end,
        n.body, n.kind = 'resync'
    from (
        select
            case when a.subject is null then a.id else a.id - 9223372036854775807 end as place,
            case when a.subject is null then 'ready' else 'ended' end as kind,
            a.id, a.topic_id, a.subject, coalesce(a.body, '{}') as body
        from (
            select l.* from wedsync_realtime.notices as l
            where news.has_notices and l.xid >= pg_snapshot_xmax(v_seen)
            union all
            select l.* from wedsync_realtime.notices as l
            where news.has_notices and l.xid = any (array(select pg_snapshot_xip(v_seen)))
            union all
            (
                select l.* from wedsync_realtime.notices as l
                where
                    v_is_anew and l.subject is not null
                    and l.id > least(v_last_id, 0) + 9223372036854775807
                order by l.id
                limit max_events
            )
        ) as a
        where v_is_anew or pg_visible_in_snapshot(a.xid, (news.seen).upto)
        union all
        select
            r.topic_id - 4611686018427387904, 'resync', null, r.topic_id, null,
            jsonb_build_object('reason', r.reason)
        from unnest(news.resyncs, news.reasons) as r (topic_id, reason)
    ) as n
    where n.place > v_last_id
    order by n.place
    limit max_events;
end
$$;

comment on function wedsync_realtime.window_notices(wedsync_realtime.news, integer) is
'Ended leases, settled topics and topics to be read anew of a window, for drain.';
revoke execute on function wedsync_realtime.window_notices(wedsync_realtime.news, integer)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.window_notices(wedsync_realtime.news, integer)
to wedsync_realtime_owner;
