-- Find the transactions with something in the feed between two snapshots, and the hot topics of
-- their events, by the first event of each statement: all from the first snapshot's xmax on, and
-- those that were running at the time of it.

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
begin
    if pg_snapshot_xmin((news.seen).seen) < v_xmax then
        v_late := array(
            select x from pg_snapshot_xip((news.seen).seen) as x
            where pg_visible_in_snapshot(x, v_upto)
        );
    end if;
    with fresh as (
        select m.xid, m.channel_id, m.tenant_id, min(m.id) as id
        from (
            select e.xid, e.channel_id, e.tenant_id, e.id
            from wedsync_realtime.events as e
            where e.is_first and e.xid >= v_xmax
            union all
            select e.xid, e.channel_id, e.tenant_id, e.id
            from wedsync_realtime.events as e
            where e.is_first and e.xid = any (v_late)
        ) as m
        where pg_visible_in_snapshot(m.xid, v_upto)
        group by m.xid, m.channel_id, m.tenant_id
    ),
    noted as (
        select max(n.xid) as xid
        from wedsync_realtime.notices as n
        where (n.xid >= v_xmax or n.xid = any (v_late)) and pg_visible_in_snapshot(n.xid, v_upto)
    )
    select
        greatest(max(f.xid), (select n.xid from noted as n), (
            select max(r.xid)
            from wedsync_realtime.resets as r
            where
                (r.xid >= v_xmax or r.xid = any (v_late))
                and pg_visible_in_snapshot(r.xid, v_upto)
        )),
        min(f.id),
        array_agg(f.xid order by f.xid, t.id) filter (where t.id is not null),
        array_agg(t.id order by f.xid, t.id) filter (where t.id is not null),
        (select n.xid is not null from noted as n)
    into news.last_xid, news.first_id, news.xids, news.topics, news.has_notices
    from fresh as f
    left join wedsync_realtime.topics as t
        on t.channel_id = f.channel_id and t.tenant_id = f.tenant_id;
    return news;
end
$$;

comment on function wedsync_realtime.find_recorded(wedsync_realtime.news) is
'What is new with the transactions and topics of its window.';
revoke execute on function wedsync_realtime.find_recorded(wedsync_realtime.news)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.find_recorded(wedsync_realtime.news)
to wedsync_realtime_owner;
