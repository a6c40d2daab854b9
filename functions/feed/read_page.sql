-- Read the events of a lease's topic between two snapshots, in the order of recording, as clients
-- get them, and answer them. A page that is cut goes on inside the same window, after which there
-- may be more that has been committed meanwhile. It is cut by size too, because an answer takes
-- several times the memory of its events. What is unpacked to be measured is bounded as well, at
-- sixteen times that, if all events are as big as they may be. It is || that unpacks rows: they may
-- be kept in a hundredth of their size.
-- What is nearly always the case, a new window, no filter and nothing left below the snapshot's
-- xmax, is asked for by itself, because conditions are made ready for every partition anew.

create or replace function wedsync_realtime.read_page(
    lease      wedsync_realtime.lease,
    channel    text,
    cursor     text,
    seen       wedsync_realtime.cursor,
    upto       pg_snapshot,
    max_events integer
)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_xmax constant xid8 := pg_snapshot_xmax(seen.seen);
    v_filter constant jsonb := lease.filter_params - '{supplier_id, couple_id, wedding_id}'::text[];
    v_is_plain constant boolean := v_filter = '{}' and pg_snapshot_xmin(seen.seen) = v_xmax
    and seen.upto is null;
    v_bytes integer := 16777216;
    v_events wedsync_realtime.event[];
    v_cut bigint[];
    v_count bigint;
    v_last_xid xid8;
    v_answer jsonb;
begin
    max_events := least(max_events, 16 * v_bytes / lease.event_bytes);
    if v_is_plain then
        select
            array_agg(row(
                e.id, read_page.channel, lease.topic, e.event, lease.schema_name, lease.table_name,
                case e.operation when 'I' then 'INSERT' when 'U' then 'UPDATE' else 'DELETE' end,
                e.created_at, coalesce(e.new || '{}', '{}'), coalesce(e.old || '{}', '{}'),
                coalesce(e.changed, '{}')
            )::wedsync_realtime.event),
            array_agg(e.id) filter (where e.is_cut), count(*), max(e.xid)
        into v_events, v_cut, v_count, v_last_xid from (
            select m.*
            from wedsync_realtime.events as m
            where m.tenant_id = lease.tenant_id and m.channel_id = lease.channel_id
                and m.xid >= v_xmax and pg_visible_in_snapshot(m.xid, upto)
            order by m.id
            limit max_events + 1
        ) as e;
    else
        select w.* into v_events, v_cut, v_count, v_last_xid from wedsync_realtime.window_page(
            lease, channel, seen, upto, v_filter, max_events + 1
        ) as w;
    end if;
    if pg_column_size(v_events) > v_bytes then
        for v_place in 1..cardinality(v_events) loop
            v_bytes := v_bytes - pg_column_size(v_events[v_place]);
            if v_bytes < 0 then
                max_events := least(max_events, greatest(v_place - 1, 1));
                exit;
            end if;
        end loop;
    end if;
    v_answer := jsonb_build_object(
        'success', true, 'ready', lease.is_ready, 'events', coalesce(v_events[:max_events], '{}'),
        'cursor', case
            -- of an idle topic it stays as it was, nearly always
            when v_count = 0 and v_is_plain and cursor is not null and v_xmax >= lease.durable_xid
                then cursor
            else wedsync_realtime.next_cursor(
                lease, seen, upto, not v_is_plain or v_count > max_events, v_last_xid,
                case when v_count > max_events then (v_events[max_events]).id end
            )
        end,
        'hasMore', v_count > max_events or seen.upto is not null,
        'resyncRequired', false, 'reason', null
    );
    if v_cut is null then
        return v_answer;
    end if;
    return jsonb_set(v_answer, '{events}', (
        select jsonb_agg(
            case
                when (e.event ->> 'id')::bigint = any (v_cut)
                    then e.event || '{"errors": ["payload_too_large"]}'
                else e.event
            end
            order by e.place
        )
        from jsonb_array_elements(v_answer -> 'events') with ordinality as e (event, place)
    ));
end
$$;

comment on function wedsync_realtime.read_page(
    wedsync_realtime.lease, text, text, wedsync_realtime.cursor, pg_snapshot, integer
) is
'Answer of a poll: events of a subscription''s topic between two snapshots, as clients get them.';
revoke execute on function wedsync_realtime.read_page(
    wedsync_realtime.lease, text, text, wedsync_realtime.cursor, pg_snapshot, integer
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.read_page(
    wedsync_realtime.lease, text, text, wedsync_realtime.cursor, pg_snapshot, integer
)
to wedsync_realtime_owner;
