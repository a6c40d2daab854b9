-- Choose what to read for a position that is not the usual one: inside a window that was cut, on a
-- standby, beside a job that has noted nothing of this server, or where it cannot be continued, by
-- what holds for the cursor of any topic. That makes all topics resync, page by page in the same
-- way, whatever a window that was cut has told of them. Whether there are notices is not asked
-- then, nor where the relay must wait, which has no window.

create or replace function wedsync_realtime.choose_news(
    seen wedsync_realtime.cursor,
    now  pg_snapshot
)
    returns wedsync_realtime.news
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_news wedsync_realtime.news;
    v_lease wedsync_realtime.lease;
    v_reason text;
begin
    v_news.seen := seen;
    v_news.epoch := wedsync_realtime.epoch();
    v_news.recorded := 0;
    select seen.topic_id, h.max_xid, h.dropped
    into v_lease.topic_id, v_lease.max_xid, v_lease.dropped
    from wedsync_realtime.feed_horizon as h;
    v_reason := case
        when seen.epoch = '' then 'stream_restarted'
        when seen.seen is not null
            then coalesce(
                wedsync_realtime.resync_reason(v_lease, seen, v_news.epoch, now),
                -- the rest of such a window is told whatever has become true meanwhile
                case when seen.topic_id = 0 and seen.upto is not null then 'epoch_changed' end
            )
    end;
    if seen.seen is null or v_reason is not null then
        if seen.upto is null or seen.topic_id < 0
            or pg_snapshot_xmax(seen.upto) > pg_snapshot_xmax(now)
        then
            v_news.seen.last_id := null;
            -- one that had not seen the last of these would be told old things as new
            v_news.seen.upto := wedsync_realtime.durable_snapshot(null, now, greatest(
                v_lease.max_xid,
                (
                    select e.xid from wedsync_realtime.events as e
                    where e.is_first and pg_visible_in_snapshot(e.xid, now)
                    order by e.xid desc limit 1
                ),
                (
                    select n.xid from wedsync_realtime.notices as n
                    where pg_visible_in_snapshot(n.xid, now)
                    order by n.xid desc limit 1
                ),
                (
                    select r.xid from wedsync_realtime.resets as r
                    where pg_visible_in_snapshot(r.xid, now)
                    order by r.xid desc limit 1
                )
            ));
        end if;
        if v_reason is not null then
            select coalesce(array_agg(t.id), '{}'), array_agg(v_reason)
            into v_news.resyncs, v_news.reasons
            from wedsync_realtime.topics as t;
        end if;
        return v_news;
    end if;
    if seen.upto is null then
        v_news.seen.upto := case when pg_is_in_recovery()
            then wedsync_realtime.standby_upto(seen.seen, now) else now
        end;
    elsif not wedsync_realtime.shows_window(seen, now) then
        v_news.seen.upto := null;
    end if;
    v_news.has_notices := case when (v_news.seen).upto is not null then false end;
    return v_news;
end
$$;

comment on function wedsync_realtime.choose_news(wedsync_realtime.cursor, pg_snapshot) is
'What to read for a position that is not the usual one.';
revoke execute on function wedsync_realtime.choose_news(wedsync_realtime.cursor, pg_snapshot)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.choose_news(wedsync_realtime.cursor, pg_snapshot)
to wedsync_realtime_owner;
