-- End a window: where a lease has ended in it, and before what a crash could make untrue. How much
-- was recorded at the time tells the next drain at a glance whether there can be anything new, if
-- the window has left out nothing that was there, nor anybody who was at work: a snapshot lists
-- nobody who began after the last that ended, so there must be none. (age() knows the next
-- transaction id, but for all of a transaction the one it was told first.)

create or replace function wedsync_realtime.end_window(
    news     wedsync_realtime.news,
    recorded bigint,
    now      pg_snapshot
)
    returns wedsync_realtime.news
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_seen constant pg_snapshot := (news.seen).seen;
    v_upto pg_snapshot;
begin
    if news.has_notices then
        v_upto := wedsync_realtime.ending_snapshot(news);
        if v_upto is not null then
            news.seen.upto := v_upto;
            news := wedsync_realtime.find_recorded(news);
        end if;
    end if;
    news.seen.upto := wedsync_realtime.durable_snapshot(v_seen, (news.seen).upto, news.last_xid);
    if v_upto is null and statement_timestamp() = transaction_timestamp()
        and (age('3'::xid)::bigint + 3) & 4294967295
        = pg_snapshot_xmax(now)::text::bigint & 4294967295
        and not exists (
            select from pg_snapshot_xip(now) as x where x >= pg_snapshot_xmax((news.seen).upto)
        )
    then
        news.recorded := recorded;
    end if;
    return news;
end
$$;

comment on function wedsync_realtime.end_window(wedsync_realtime.news, bigint, pg_snapshot) is
'What is new, in a window that ends where it must.';
revoke execute on function wedsync_realtime.end_window(wedsync_realtime.news, bigint, pg_snapshot)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.end_window(wedsync_realtime.news, bigint, pg_snapshot)
to wedsync_realtime_owner;
