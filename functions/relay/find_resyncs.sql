-- Find the topics of a window that clients must read anew, and why: those of channels whose feed
-- could not carry what happened, and those with more new events than settings.replay_events. They
-- are counted only where the sequence says that there may be so many.

create or replace function wedsync_realtime.find_resyncs(
    news          wedsync_realtime.news,
    replay_events integer
)
    returns wedsync_realtime.news
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_seen constant pg_snapshot := (news.seen).seen;
    v_channel smallint;
    v_reason text;
begin
    for v_channel, v_reason in
        select distinct on (r.channel_id) r.channel_id, r.reason
        from (
            select a.* from wedsync_realtime.resets as a where a.xid >= pg_snapshot_xmax(v_seen)
            union all
            select a.* from wedsync_realtime.resets as a
            where a.xid = any (array(select pg_snapshot_xip(v_seen)))
        ) as r
        where pg_visible_in_snapshot(r.xid, (news.seen).upto)
        order by r.channel_id, r.id
    loop
        news.resyncs := news.resyncs || array(
            select t.id from wedsync_realtime.topics as t where t.channel_id = v_channel
        );
        news.reasons := news.reasons || array_fill(
            v_reason, array[cardinality(news.resyncs) - coalesce(cardinality(news.reasons), 0)]
        );
    end loop;

    if pg_sequence_last_value('wedsync_realtime.events_id_seq') - news.first_id >= replay_events
    then
        select
            news.resyncs || array_agg(f.topic_id),
            news.reasons || array_agg('too_far_behind'::text)
        into news.resyncs, news.reasons
        from (
            select m.topic_id
            from unnest(news.xids, news.topics) as m (xid, topic_id)
            inner join wedsync_realtime.topics as t on t.id = m.topic_id
            cross join lateral (
                select count(*) as events
                from (
                    select
                    from wedsync_realtime.events as e
                    where (e.tenant_id, e.channel_id, e.xid) = (t.tenant_id, t.channel_id, m.xid)
                    limit replay_events + 1
                ) as l
            ) as c
            where (m.topic_id = any (news.resyncs)) is not true
            group by m.topic_id
            having sum(c.events) > replay_events
        ) as f;
    end if;
    return news;
end
$$;

comment on function wedsync_realtime.find_resyncs(wedsync_realtime.news, integer) is
'What is new with the topics that clients must read anew.';
revoke execute on function wedsync_realtime.find_resyncs(wedsync_realtime.news, integer)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.find_resyncs(wedsync_realtime.news, integer)
to wedsync_realtime_owner;
