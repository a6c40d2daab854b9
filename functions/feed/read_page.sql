-- Read the events of a lease's topic between two snapshots, in the order of recording, as clients
-- get them. What a snapshot has not seen is all from its xmax on and the few below that were
-- running: two index ranges, however old the oldest transaction. A page that is cut goes on inside
-- the same window. It is cut by size too, because an answer takes several times the memory of its
-- events. What is unpacked to be measured is bounded as well, at sixteen times that, if all events
-- are as big as they may be. It is || that unpacks rows: they may be kept in a hundredth of their
-- size.
-- What a filter kept back has been seen too: told to the filter of a renewal it could take back
-- what came after it.

create or replace function wedsync_realtime.read_page(
    lease      wedsync_realtime.lease,
    channel    text,
    seen       wedsync_realtime.cursor,
    upto       pg_snapshot,
    max_events integer
)
    returns wedsync_realtime.page
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_xmax constant xid8 := pg_snapshot_xmax(seen.seen);
    v_bytes constant integer := 16777216;
    v_filter jsonb := lease.filter_params - array['supplier_id', 'couple_id', 'wedding_id'];
    v_count bigint;
    v_last_xid xid8;
    v_page wedsync_realtime.page;
begin
    max_events := least(max_events, greatest(1, 16 * v_bytes / lease.event_bytes));
    select
        array_agg(row(
            e.id, read_page.channel, lease.topic, e.event, lease.schema_name, lease.table_name,
            case e.operation when 'I' then 'INSERT' when 'U' then 'UPDATE' else 'DELETE' end,
            e.created_at, coalesce(e.new || '{}', '{}'), coalesce(e.old || '{}', '{}'),
            coalesce(e.changed, '{}')
        )::wedsync_realtime.event),
        array_agg(e.id) filter (where e.is_cut), count(*), max(e.xid)
    into v_page.events, v_page.cut, v_count, v_last_xid
    from (
        select n.* from (
            select m.* from wedsync_realtime.events as m
            where (m.tenant_id, m.channel_id) = (lease.tenant_id, lease.channel_id)
                and m.xid >= v_xmax
            union all
            select l.*
            from wedsync_realtime.late_events(
                lease, seen, upto, case when v_filter = '{}' then max_events + 1 end
            ) as l
            where pg_snapshot_xmin(seen.seen) < v_xmax
        ) as n
        where
            n.id > coalesce(seen.last_id, 0)
            and pg_visible_in_snapshot(n.xid, upto)
            and (v_filter = '{}' or wedsync_realtime.event_fits(
                case when n.is_cut then v_filter - 'where' else v_filter end,
                n.operation, n.event, n.changed, n.new, n.old
            ))
        order by n.id
        limit max_events + 1
    ) as e;

    if pg_column_size(v_page.events) > v_bytes then
        max_events := least(max_events, wedsync_realtime.page_length(v_page.events, v_bytes));
    end if;
    v_page.has_more := v_count > max_events;
    if seen.upto is null then
        upto := wedsync_realtime.durable_snapshot(seen.seen, upto, case
            when v_page.has_more or v_filter <> '{}' then wedsync_realtime.last_xid(lease, upto)
            else v_last_xid
        end);
    end if;
    v_page.next := row(seen.epoch, seen.topic_id, upto, null, null)::wedsync_realtime.cursor;
    if v_page.has_more then
        v_page.events := v_page.events[:max_events];
        v_page.next.seen := seen.seen;
        v_page.next.upto := upto;
        v_page.next.last_id := (v_page.events[max_events]).id;
    end if;
    return v_page;
end
$$;

comment on function wedsync_realtime.read_page(
    wedsync_realtime.lease, text, wedsync_realtime.cursor, pg_snapshot, integer
) is
'Events of a subscription''s topic between two snapshots, as clients get them.';
revoke execute on function wedsync_realtime.read_page(
    wedsync_realtime.lease, text, wedsync_realtime.cursor, pg_snapshot, integer
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.read_page(
    wedsync_realtime.lease, text, wedsync_realtime.cursor, pg_snapshot, integer
)
to wedsync_realtime_owner;
