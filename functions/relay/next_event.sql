-- Read the one event that was recorded since a position, with the position after it, as drain()
-- tells it; nothing where that may not be all. It is all where this session was given the position,
-- nobody was at work then, one id has been drawn since, as is asked after the snapshot, and it is
-- that of an event: what was recorded before has been told, and nothing else since. Nobody who is
-- at work may be older, because the position after it names none. Whether nobody is at all, or
-- after those that a snapshot lists, it tells as find_news() knows it.
-- One statement, because a relay that is woken for one change pays for each plan and function. The
-- time of recording spares looking into other partitions.

create or replace function wedsync_realtime.next_event("position" text, recorded bigint)
    returns table (
        kind     text,
        id       bigint,
        subjects text[],
        body     jsonb,
        cursor   text,
        next     text
    )
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_is_all boolean;
begin
    select
        'event', e.id, e.body, array[e.subject] || array(
            select e.subject || '.' || f.filter_id
            from wedsync_realtime.filters as f
            where f.topic_id = e.topic_id and wedsync_realtime.event_fits(
                case when e.is_cut then f.filter - 'where' else f.filter end,
                e.operation, e.event, e.changed, e.new, e.old
            )
        ),
        e.cursor || wedsync_realtime.sign_cursor(e.cursor, p.secret),
        e.next || wedsync_realtime.sign_cursor(e.next, p.secret),
        set_config('wedsync_realtime.recorded', recorded::text, false) is not null
        and statement_timestamp() = transaction_timestamp()
        and pg_snapshot_xmin(p.now) = pg_snapshot_xmax(p.now)
        and pg_current_xact_id_if_assigned() is null
        and (age('3'::xid)::bigint + 3) & 4294967295
        = pg_snapshot_xmax(p.now)::text::bigint & 4294967295
    into kind, id, body, subjects, cursor, next, v_is_all
    from (
        select
            r.part[2] as epoch, r.part[4]::pg_snapshot as seen, pg_current_snapshot() as now,
            recorded - coalesce(pg_sequence_last_value('wedsync_realtime.resets_id_seq'), 0) as id,
            s.cursor_secret as secret
        from wedsync_realtime.settings as s
        cross join (select string_to_array("position", '.') as part) as r
        inner join wedsync_realtime.known_server as k on k.epoch = r.part[2]
        where
            r.part[3] = '-' || recorded - 1
            and r.part[3] = '-' || current_setting('wedsync_realtime.recorded', true)
            and r.part[5] = wedsync_realtime.sign_cursor(left("position", -24), s.cursor_secret)
        offset 0
    ) as p
    cross join lateral (
        select
            a.*, o.id as topic_id,
            concat_ws('.', 'wedsync.event', c.name, a.tenant_id) as subject,
            format('1.%s.%s.%3$s:%3$s:.', p.epoch, o.id, a.xid::text::bigint + 1) as cursor,
            format('1.%s.%s.%3$s:%3$s:.', p.epoch, -recorded, a.xid::text::bigint + 1) as next,
            jsonb_build_object(
                'id', a.id, 'topic', c.name || ':' || a.tenant_id, 'event', a.event,
                'schema', c.schema_name, 'table', c.table_name, 'eventType', case a.operation
                    when 'I' then 'INSERT' when 'U' then 'UPDATE' else 'DELETE'
                end,
                'commit_timestamp', a.created_at, 'new', coalesce(a.new, '{}'),
                'old', coalesce(a.old, '{}'), 'changed', coalesce(a.changed, '{}')
            ) || case when a.is_cut then '{"errors": ["payload_too_large"]}' else '{}' end::jsonb
            as body
        from wedsync_realtime.events as a
        inner join wedsync_realtime.topics as o
            on o.channel_id = a.channel_id and o.tenant_id = a.tenant_id
        inner join wedsync_realtime.channels as c on c.id = o.channel_id
        where
            a.id + 0 = p.id
            and a.created_at > statement_timestamp() - interval '1 hour'
            and a.created_at < statement_timestamp() + interval '1 minute'
            and a.xid >= pg_snapshot_xmax(p.seen) and a.xid < pg_snapshot_xmin(p.now)
        offset 0
    ) as e
    where
        p.id = pg_sequence_last_value('wedsync_realtime.events_id_seq')
        and pg_snapshot_xmin(p.seen) = pg_snapshot_xmax(p.seen);
    if found then
        return next;
        kind := 'position';
        id := null;
        subjects := null;
        body := to_jsonb(v_is_all);
        cursor := null;
        return next;
    end if;
end
$$;

comment on function wedsync_realtime.next_event(text, bigint) is
'The one event that was recorded since a position, for drain; nothing where that may not be all.';
revoke execute on function wedsync_realtime.next_event(text, bigint)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.next_event(text, bigint)
to wedsync_realtime_owner;
