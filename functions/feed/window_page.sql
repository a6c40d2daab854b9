-- Read the first events of a lease's topic that lie between two snapshots and pass a filter, in the
-- order of recording, as clients get them, for a page. What a snapshot has not seen is all from its
-- xmax on and the few below that were running: two index ranges, however old the oldest
-- transaction, but not in the order of ids. So of a window that was cut the next ids are looked at
-- first, whatever topic they are of: of somebody far behind they are nearly all the topic's, and
-- then a page costs itself alone, not what is left of the window, which is sorted only when it is
-- asked for. (The ids are compared as their index has them, the tenant in a form that no index
-- serves.)
-- What a filter kept back has been seen too: told to the filter of a renewal it could take back
-- what came after it.

create or replace function wedsync_realtime.window_page(
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
    v_after constant bigint := coalesce(seen.last_id + 4 * max_events, 0);
begin
    select
        array_agg(row(
            e.id, window_page.channel, lease.topic, e.event, lease.schema_name, lease.table_name,
            case e.operation when 'I' then 'INSERT' when 'U' then 'UPDATE' else 'DELETE' end,
            e.created_at, coalesce(e.new || '{}', '{}'), coalesce(e.old || '{}', '{}'),
            coalesce(e.changed, '{}')
        )::wedsync_realtime.event),
        array_agg(e.id) filter (where e.is_cut), count(*), max(e.xid)
    into events, cut, number, last_xid
    from (
        (
            select n.*
            from wedsync_realtime.events as n
            where
                n.id + 0 > seen.last_id and n.id + 0 <= v_after
                and n.tenant_id is not distinct from lease.tenant_id
                and n.channel_id is not distinct from lease.channel_id
                and pg_visible_in_snapshot(n.xid, upto)
                and not pg_visible_in_snapshot(n.xid, seen.seen)
                and (filter = '{}' or wedsync_realtime.event_fits(
                    case when n.is_cut then filter - 'where' else filter end,
                    n.operation, n.event, n.changed, n.new, n.old
                ))
            order by n.id + 0
        )
        union all
        (
            select r.*
            from (
                select m.* from wedsync_realtime.events as m
                where (m.tenant_id, m.channel_id) = (lease.tenant_id, lease.channel_id)
                    and m.xid >= v_xmax
                union all
                select l.* from wedsync_realtime.events as l
                where (l.tenant_id, l.channel_id) = (lease.tenant_id, lease.channel_id)
                    and l.xid = any (array(select pg_snapshot_xip(seen.seen)))
            ) as r
            where
                r.id > v_after and pg_visible_in_snapshot(r.xid, upto)
                and (filter = '{}' or wedsync_realtime.event_fits(
                    case when r.is_cut then filter - 'where' else filter end,
                    r.operation, r.event, r.changed, r.new, r.old
                ))
            order by r.id
            limit max_events
        )
        limit max_events
    ) as e;
end
$$;

comment on function wedsync_realtime.window_page(
    wedsync_realtime.lease, text, wedsync_realtime.cursor, pg_snapshot, jsonb, integer
) is
'First events, for a page, of a subscription''s topic between two snapshots that pass a filter.';
revoke execute on function wedsync_realtime.window_page(
    wedsync_realtime.lease, text, wedsync_realtime.cursor, pg_snapshot, jsonb, integer
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.window_page(
    wedsync_realtime.lease, text, wedsync_realtime.cursor, pg_snapshot, jsonb, integer
)
to wedsync_realtime_owner;
