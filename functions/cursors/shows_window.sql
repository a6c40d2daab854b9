-- Say whether a snapshot shows all that the window of a page that was cut holds: another caller or
-- server, which the cursor comes from, may have seen more, and what is not there would be passed
-- over for good.

create or replace function wedsync_realtime.shows_window(
    seen wedsync_realtime.cursor,
    now  pg_snapshot
)
    returns boolean
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return pg_snapshot_xmax(seen.upto)
        <= greatest(pg_snapshot_xmax(seen.seen), pg_snapshot_xmax(now))
        and not exists (
            select
            from (
                select pg_snapshot_xip(seen.seen) as x
                union all
                select pg_snapshot_xip(now)
            ) as u
            where
                pg_visible_in_snapshot(u.x, seen.upto)
                and not pg_visible_in_snapshot(u.x, seen.seen)
                and not pg_visible_in_snapshot(u.x, now)
        );
end
$$;

comment on function wedsync_realtime.shows_window(wedsync_realtime.cursor, pg_snapshot) is
'Whether a snapshot shows all that the window of a cut page holds.';
revoke execute on function wedsync_realtime.shows_window(wedsync_realtime.cursor, pg_snapshot)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.shows_window(wedsync_realtime.cursor, pg_snapshot)
to wedsync_realtime_owner;
