-- Read the first events of a lease's topic that lie between two snapshots and pass a filter, in the
-- order of recording. What a snapshot has not seen is all from its xmax on and the few below that
-- were running: two index ranges, however old the oldest transaction, but not in the order of ids.
-- So of a window that was cut the next ids are looked at first, whatever topic they are of: of
-- somebody far behind they are nearly all the topic's, and then a page costs itself alone, not
-- what is left of the window. (The ids are compared as their index has them, the tenant in a form
-- that no index serves.)
-- What a filter kept back has been seen too: told to the filter of a renewal it could take back
-- what came after it.

create or replace function wedsync_realtime.window_page(
    lease      wedsync_realtime.lease,
    seen       wedsync_realtime.cursor,
    upto       pg_snapshot,
    filter     jsonb,
    max_events integer
)
    returns setof wedsync_realtime.events
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_xmax constant xid8 := pg_snapshot_xmax(seen.seen);
    v_after bigint := coalesce(seen.last_id + 4 * max_events, 0);
    v_found integer;
    v_rest wedsync_realtime.cursor := seen;
begin
    return query
    select e.*
    from wedsync_realtime.events as e
    where
        e.id + 0 > seen.last_id and e.id + 0 <= v_after
        and e.tenant_id is not distinct from lease.tenant_id
        and e.channel_id is not distinct from lease.channel_id
        and pg_visible_in_snapshot(e.xid, upto)
        and not pg_visible_in_snapshot(e.xid, seen.seen)
        and (filter = '{}' or wedsync_realtime.event_fits(
            case when e.is_cut then filter - 'where' else filter end,
            e.operation, e.event, e.changed, e.new, e.old
        ))
    order by e.id + 0
    limit max_events;
    get diagnostics v_found = row_count;
    if v_found = max_events then
        return;
    end if;
    v_rest.last_id := v_after;
    return query
    select n.* from (
        select m.* from wedsync_realtime.events as m
        where (m.tenant_id, m.channel_id) = (lease.tenant_id, lease.channel_id)
            and m.xid >= v_xmax
        union all
        select l.*
        from wedsync_realtime.late_events(
            lease, v_rest, upto, case when filter = '{}' then max_events end
        ) as l
        where pg_snapshot_xmin(seen.seen) < v_xmax
    ) as n
    where
        n.id > v_after
        and pg_visible_in_snapshot(n.xid, upto)
        and (filter = '{}' or wedsync_realtime.event_fits(
            case when n.is_cut then filter - 'where' else filter end,
            n.operation, n.event, n.changed, n.new, n.old
        ))
    order by n.id
    limit max_events - v_found;
end
$$;

comment on function wedsync_realtime.window_page(
    wedsync_realtime.lease, wedsync_realtime.cursor, pg_snapshot, jsonb, integer
) is
'First events of a subscription''s topic between two snapshots that pass a filter.';
revoke execute on function wedsync_realtime.window_page(
    wedsync_realtime.lease, wedsync_realtime.cursor, pg_snapshot, jsonb, integer
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.window_page(
    wedsync_realtime.lease, wedsync_realtime.cursor, pg_snapshot, jsonb, integer
)
to wedsync_realtime_owner;
