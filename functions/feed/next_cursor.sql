-- Write the cursor after a page. Inside a window that was cut it names the last event that was
-- told. Otherwise it claims what the page was read in, without what a crash could make untrue:
-- transaction ids whose records may not be on disk are given out again afterwards, and a cursor
-- that had seen them would pass over their events. What has been seen before, what was on disk when
-- a job last looked and what left an event stays.

create or replace function wedsync_realtime.next_cursor(
    lease       wedsync_realtime.lease,
    seen        wedsync_realtime.cursor,
    upto        pg_snapshot,
    is_filtered boolean,
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
    if seen.upto is null and pg_snapshot_xmax(seen.seen) < pg_snapshot_xmax(upto) then
        if is_filtered or last_id is not null then
            last_xid := wedsync_realtime.last_xid(lease, upto);
        end if;
        v_xmax := greatest(
            lease.durable_xid, pg_snapshot_xmax(seen.seen),
            (last_xid::text::bigint + 1)::text::xid8
        );
        if v_xmax < pg_snapshot_xmax(upto) then
            upto := case
                when v_xmax <= pg_snapshot_xmin(upto)
                    then (v_xmax || ':' || v_xmax || ':')::pg_snapshot
                else wedsync_realtime.to_snapshot(v_xmax, array(select pg_snapshot_xip(upto)))
            end;
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
