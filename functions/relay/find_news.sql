-- Find what is new since a position, without reading what is old: the window, and in it the
-- transactions and topics with events, which their first ones tell. Where a page was cut the window
-- stays, or the relay waits while that is not all to be seen; otherwise it ends now, or earlier:
-- where a lease has ended, and before what a crash could make untrue.
-- The usual position is of this history, has seen nothing that has not happened, and all that was
-- removed. What a job has noted of this server spares reading its control file.
-- How much was recorded at the time tells the next drain at a glance whether there can be anything
-- new, if the window has left out nothing that was there, nor anybody who was at work: a snapshot
-- lists nobody who began after the last that ended, so there must be none. (age() knows the next
-- transaction id, but for all of a transaction the one it was told first.)

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
    v_max_xid xid8;
    v_ended pg_snapshot;
begin
    select k.epoch, k.max_xid into v_news.epoch, v_max_xid from wedsync_realtime.known_server as k;
    v_news.seen := seen;
    v_news.recorded := 0;
    v_news.seen.upto := now;
    if (
        seen.upto is null and seen.epoch = v_news.epoch
        and pg_snapshot_xmin(seen.seen) > v_max_xid
        and pg_snapshot_xmax(seen.seen) <= pg_snapshot_xmax(now)
    ) is not true then
        v_news := wedsync_realtime.choose_news(seen, now);
        if v_news.has_notices is null then
            return v_news;
        end if;
    end if;

    v_news := wedsync_realtime.find_recorded(v_news);
    if seen.upto is null then
        if v_news.has_notices then
            v_ended := wedsync_realtime.ending_snapshot(v_news);
            if v_ended is not null then
                v_news.seen.upto := v_ended;
                v_news := wedsync_realtime.find_recorded(v_news);
            end if;
        end if;
        if ((v_news.last_xid::text::bigint + 1)::text::xid8 >= pg_snapshot_xmax((v_news.seen).upto))
            is not true
        then
            v_news.seen.upto := wedsync_realtime.durable_snapshot(
                seen.seen, (v_news.seen).upto, v_news.last_xid
            );
        end if;
        if v_ended is null and statement_timestamp() = transaction_timestamp()
            and pg_current_xact_id_if_assigned() is null
            and (age('3'::xid)::bigint + 3) & 4294967295
            = pg_snapshot_xmax(now)::text::bigint & 4294967295
            and (pg_snapshot_xmin(now) = pg_snapshot_xmax(now) or not exists (
                select from pg_snapshot_xip(now) as x
                where x >= pg_snapshot_xmax((v_news.seen).upto)
            ))
        then
            v_news.recorded := recorded;
        end if;
    end if;
    if v_news.resyncs is not null
        or pg_sequence_last_value('wedsync_realtime.events_id_seq') - v_news.first_id
        >= replay_events
    then
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
