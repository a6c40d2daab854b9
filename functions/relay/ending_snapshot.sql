-- Find where a window must end so that nothing is told of a topic before the end of a lease on it
-- which was committed after that; null where it need not. What the end of a lease had seen is told
-- first, that end begins the next window. The oldest comes first; a standby may not show all of it.

create or replace function wedsync_realtime.ending_snapshot(news wedsync_realtime.news)
    returns pg_snapshot
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_seen constant pg_snapshot := (news.seen).seen;
    v_upto constant pg_snapshot := (news.seen).upto;
    v_ended pg_snapshot;
begin
    select n.seen into v_ended
    from (
        select a.* from wedsync_realtime.notices as a where a.xid >= pg_snapshot_xmax(v_seen)
        union all
        select a.* from wedsync_realtime.notices as a
        where a.xid = any (array(select pg_snapshot_xip(v_seen)))
    ) as n
    where
        pg_visible_in_snapshot(n.xid, v_upto)
        and exists (
            select
            from unnest(news.xids, news.topics) as m (xid, topic_id)
            where m.topic_id = n.topic_id and pg_visible_in_snapshot(m.xid, n.seen)
        )
    order by
        pg_snapshot_xmax(n.seen), (select count(*) from pg_snapshot_xip(n.seen)) desc
    limit 1;
    if v_ended is null then
        return null;
    end if;
    return wedsync_realtime.to_snapshot(
        least(pg_snapshot_xmax(v_ended), pg_snapshot_xmax(v_upto)),
        array(select pg_snapshot_xip(v_ended)) || array(select pg_snapshot_xip(v_upto)),
        v_seen
    );
end
$$;

comment on function wedsync_realtime.ending_snapshot(wedsync_realtime.news) is
'Where a window must end because of a lease that ended in it; null where it need not.';
revoke execute on function wedsync_realtime.ending_snapshot(wedsync_realtime.news)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.ending_snapshot(wedsync_realtime.news)
to wedsync_realtime_owner;
