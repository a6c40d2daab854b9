-- Find what is new since a position, without reading what is old: the window, and in it the
-- transactions and topics with events, which their first ones tell. Where a page was cut the window
-- stays, or the relay waits while that is not all to be seen; otherwise it ends now, or earlier,
-- where a lease has ended.
-- A position that cannot be continued makes all topics resync, page by page in the same way.

create or replace function wedsync_realtime.find_news(
    seen          wedsync_realtime.cursor,
    recorded      bigint,
    now           pg_snapshot,
    replay_events integer
)
    returns wedsync_realtime.news
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_news wedsync_realtime.news;
    v_reason text;
begin
    v_news.seen := seen;
    v_news.epoch := wedsync_realtime.epoch();
    v_news.recorded := 0;
    v_reason := wedsync_realtime.position_problem(seen, v_news.epoch, now);
    if seen.seen is null or v_reason is not null then
        if seen.upto is null or pg_snapshot_xmax(seen.upto) > pg_snapshot_xmax(now) then
            v_news.seen.last_id := null;
            v_news.seen.upto := wedsync_realtime.durable_snapshot(
                null, now, wedsync_realtime.last_recorded_xid(now)
            );
        end if;
        if v_reason is not null then
            select array_agg(t.id), array_agg(v_reason)
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
    if (v_news.seen).upto is null then
        return v_news;
    end if;

    v_news := wedsync_realtime.find_recorded(v_news);
    if seen.upto is null then
        v_news := wedsync_realtime.end_window(v_news, recorded, now);
    end if;
    if v_news.last_xid is not null then
        v_news := wedsync_realtime.find_resyncs(v_news, replay_events);
    end if;
    return v_news;
end
$$;

comment on function wedsync_realtime.find_news(
    wedsync_realtime.cursor, bigint, pg_snapshot, integer
) is
'What is new since a position: the window to read, and where in the feed it lies.';
revoke execute on function wedsync_realtime.find_news(
    wedsync_realtime.cursor, bigint, pg_snapshot, integer
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.find_news(
    wedsync_realtime.cursor, bigint, pg_snapshot, integer
)
to wedsync_realtime_owner;
