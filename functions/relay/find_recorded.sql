-- Find the transactions with something in the feed between two snapshots, and the hot topics of
-- their events, by the first event of each statement: all from the first snapshot's xmax on, and
-- those that were running at the time of it. Where a channel was reset in between, the topics that
-- must resync are to be looked for: there is a list of them, empty.

create or replace function wedsync_realtime.find_recorded(news wedsync_realtime.news)
    returns wedsync_realtime.news
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_xmax constant xid8 := pg_snapshot_xmax((news.seen).seen);
    v_upto constant pg_snapshot := (news.seen).upto;
    v_late xid8[];
    v_noted xid8;
    v_reset xid8;
begin
    if pg_snapshot_xmin((news.seen).seen) < v_xmax then
        select array_agg(x) into v_late from pg_snapshot_xip((news.seen).seen) as x
        where pg_visible_in_snapshot(x, v_upto);
    end if;
    select
        max(f.xid), min(f.id),
        array_agg(f.xid) filter (where f.topic_id is not null),
        array_agg(f.topic_id) filter (where f.topic_id is not null)
    into news.last_xid, news.first_id, news.xids, news.topics
    from (
        select m.xid, min(m.id) as id, (
            select t.id
            from wedsync_realtime.topics as t
            where t.channel_id = m.channel_id and t.tenant_id = m.tenant_id
        ) as topic_id
        from (
            select e.xid, e.channel_id, e.tenant_id, e.id
            from wedsync_realtime.events as e
            where e.is_first and e.xid >= v_xmax
            union all
            select l.xid, l.channel_id, l.tenant_id, l.id
            from wedsync_realtime.late_firsts(v_late) as l
            where v_late is not null
        ) as m
        where pg_visible_in_snapshot(m.xid, v_upto)
        group by m.xid, m.channel_id, m.tenant_id
    ) as f;
    select
        (
            select n.xid from wedsync_realtime.notices as n
            where n.xid >= v_xmax and pg_visible_in_snapshot(n.xid, v_upto)
            order by n.xid desc limit 1
        ),
        (
            select r.xid from wedsync_realtime.resets as r
            where r.xid >= v_xmax and pg_visible_in_snapshot(r.xid, v_upto)
            order by r.xid desc limit 1
        )
    into v_noted, v_reset;
    if v_late is not null then
        select
            greatest(v_noted, max(n.xid)),
            greatest(v_reset, (
                select max(r.xid) from wedsync_realtime.resets as r where r.xid = any (v_late)
            ))
        into v_noted, v_reset
        from wedsync_realtime.notices as n where n.xid = any (v_late);
    end if;
    news.has_notices := v_noted is not null;
    if v_reset is not null then
        news.resyncs := array[]::bigint[];
    end if;
    news.last_xid := greatest(news.last_xid, v_noted, v_reset);
    return news;
end
$$;

comment on function wedsync_realtime.find_recorded(wedsync_realtime.news) is
'What is new with the transactions and topics of its window.';
revoke execute on function wedsync_realtime.find_recorded(wedsync_realtime.news)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.find_recorded(wedsync_realtime.news)
to wedsync_realtime_owner;
