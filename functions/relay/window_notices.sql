-- Read what else a window tells. Leases that ended come first, because the window was cut so that
-- all its events on their topics were committed after them; then the topics to be read anew, of
-- which it tells no events. Both have places below all ids.

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
    v_seen constant pg_snapshot := (news.seen).seen;
    v_last_id constant bigint := coalesce((news.seen).last_id, -9223372036854775808);
begin
    if news.has_notices then
        return query
        select
            p.place, case when n.subject is null then 'ready' else 'ended' end, n.id, n.topic_id,
            case
                when n.subject is null then wedsync_realtime.topic_subjects(n.topic_id)
                else array[n.subject]
            end,
            coalesce(n.body, '{}'), false
        from (
            select a.* from wedsync_realtime.notices as a where a.xid >= pg_snapshot_xmax(v_seen)
            union all
            select a.* from wedsync_realtime.notices as a
            where a.xid = any (array(select pg_snapshot_xip(v_seen)))
        ) as n
        cross join lateral (
            select case
                when n.subject is null then n.id else n.id - 9223372036854775807
            end as place
        ) as p
        where
            pg_visible_in_snapshot(n.xid, (news.seen).upto)
            and p.place > v_last_id
        order by p.place
        limit max_events;
    end if;
    if news.resyncs is not null then
        return query
        select
            r.topic_id - 4611686018427387904, 'resync', null::bigint, r.topic_id,
            wedsync_realtime.topic_subjects(r.topic_id),
            jsonb_build_object('reason', r.reason), true
        from unnest(news.resyncs, news.reasons) as r (topic_id, reason)
        where r.topic_id - 4611686018427387904 > v_last_id
        order by r.topic_id
        limit max_events;
    end if;
end
$$;

comment on function wedsync_realtime.window_notices(wedsync_realtime.news, integer) is
'Ended leases, settled topics and topics to be read anew of a window, for drain.';
revoke execute on function wedsync_realtime.window_notices(wedsync_realtime.news, integer)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.window_notices(wedsync_realtime.news, integer)
to wedsync_realtime_owner;
