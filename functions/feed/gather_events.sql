-- Gather the first events of a lease's topic that lie between two snapshots and pass a filter, as
-- clients get them, for a page.

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
    from wedsync_realtime.window_page(lease, seen, upto, filter, max_events) as e;
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
