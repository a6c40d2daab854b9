-- Gather the first events of a lease's topic that lie between two snapshots and pass a filter, in
-- the order of recording, as clients get them. What a snapshot has not seen is all from its xmax on
-- and the few below that were running: two index ranges, however old the oldest transaction.
-- What a filter kept back has been seen too: told to the filter of a renewal it could take back
-- what came after it.

create or replace function wedsync_realtime.gather_events(
    lease        wedsync_realtime.lease,
    channel      text,
    seen         wedsync_realtime.cursor,
    upto         pg_snapshot,
    filter       jsonb,
    max_events   integer,
    out events   wedsync_realtime.event[],
    out cut      bigint[],
    out number   bigint,
    out last_xid xid8
)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_xmax constant xid8 := pg_snapshot_xmax(seen.seen);
begin
    select
        array_agg(row(
            e.id, gather_events.channel, lease.topic, e.event, lease.schema_name, lease.table_name,
            case e.operation when 'I' then 'INSERT' when 'U' then 'UPDATE' else 'DELETE' end,
            e.created_at, coalesce(e.new || '{}', '{}'), coalesce(e.old || '{}', '{}'),
            coalesce(e.changed, '{}')
        )::wedsync_realtime.event),
        array_agg(e.id) filter (where e.is_cut), count(*), max(e.xid)
    into events, cut, number, last_xid
    from (
        select n.* from (
            select m.* from wedsync_realtime.events as m
            where (m.tenant_id, m.channel_id) = (lease.tenant_id, lease.channel_id)
                and m.xid >= v_xmax
            union all
            select l.*
            from wedsync_realtime.late_events(
                lease, seen, upto, case when filter = '{}' then max_events end
            ) as l
            where pg_snapshot_xmin(seen.seen) < v_xmax
        ) as n
        where
            n.id > coalesce(seen.last_id, 0)
            and pg_visible_in_snapshot(n.xid, upto)
            and (filter = '{}' or wedsync_realtime.event_fits(
                case when n.is_cut then filter - 'where' else filter end,
                n.operation, n.event, n.changed, n.new, n.old
            ))
        order by n.id
        limit max_events
    ) as e;
end
$$;

comment on function wedsync_realtime.gather_events(
    wedsync_realtime.lease, text, wedsync_realtime.cursor, pg_snapshot, jsonb, integer
) is
'First events, for a page, of a subscription''s topic between two snapshots that pass a filter.';
revoke execute on function wedsync_realtime.gather_events(
    wedsync_realtime.lease, text, wedsync_realtime.cursor, pg_snapshot, jsonb, integer
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.gather_events(
    wedsync_realtime.lease, text, wedsync_realtime.cursor, pg_snapshot, jsonb, integer
)
to wedsync_realtime_owner;
