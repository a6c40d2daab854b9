-- Write the cursor after a page. Inside a window that was cut it names the last event that was
-- told. Otherwise it claims what the page was read in, without what a crash could make untrue:
-- transaction ids whose records may not be on disk are given out again afterwards, and a cursor
-- that had seen them would pass over their events. What has been seen before, what was on disk when
-- a job last looked and what left an event or a reset stays, or was removed from the feed: a cursor
-- that had not seen that would have to resync again.

create or replace function wedsync_realtime.next_cursor(
    lease       wedsync_realtime.lease,
    seen        wedsync_realtime.cursor,
    upto        pg_snapshot,
    is_partial  boolean,
    last_xid    xid8,
    last_id     bigint
)
    returns text
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_xmax xid8;
    v_text text;
begin
    if seen.upto is null
        and (pg_snapshot_xmax(seen.seen) >= pg_snapshot_xmax(upto)) is not true
    then
        if is_partial then
            last_xid := greatest(
                lease.max_xid,
                (
                    select e.xid
                    from wedsync_realtime.events as e
                    where
                        e.tenant_id = lease.tenant_id
                        and e.channel_id = lease.channel_id
                        and pg_visible_in_snapshot(e.xid, upto)
                    order by e.xid desc
                    limit 1
                ),
                (
                    select r.xid
                    from wedsync_realtime.resets as r
                    where r.channel_id = lease.channel_id and pg_visible_in_snapshot(r.xid, upto)
                    order by r.xid desc
                    limit 1
                )
            );
        end if;
        v_xmax := greatest(
            lease.durable_xid, pg_snapshot_xmax(seen.seen),
            (last_xid::text::bigint + 1)::text::xid8
        );
        if v_xmax <= pg_snapshot_xmin(upto) then
            upto := (v_xmax || ':' || v_xmax || ':')::pg_snapshot;
        elsif v_xmax < pg_snapshot_xmax(upto) then
            upto := wedsync_realtime.to_snapshot(v_xmax, array(select pg_snapshot_xip(upto)));
        end if;
    end if;
    v_text := concat_ws(
        '.', '1', seen.epoch, seen.topic_id, case when last_id is null then upto else seen.seen end,
        case when last_id is not null then upto end, last_id
    ) || '.';
    return v_text || wedsync_realtime.sign_cursor(v_text, lease.cursor_secret);
end
$$;

comment on function wedsync_realtime.next_cursor(
    wedsync_realtime.lease, wedsync_realtime.cursor, pg_snapshot, boolean, xid8, bigint
) is
'Text of the cursor after a page.';
revoke execute on function wedsync_realtime.next_cursor(
    wedsync_realtime.lease, wedsync_realtime.cursor, pg_snapshot, boolean, xid8, bigint
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.next_cursor(
    wedsync_realtime.lease, wedsync_realtime.cursor, pg_snapshot, boolean, xid8, bigint
)
to wedsync_realtime_owner;
