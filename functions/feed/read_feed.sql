-- Read what a poll answers, or why it is refused: lease, decision, horizon and events in one
-- snapshot, so that nothing falls between them. Writes nothing.
-- Polls are many, so the usual one is all here: of a user of the tenant itself, in this moment's
-- snapshot, with a cursor of this history and topic that was not cut and has missed no reset,
-- nothing that was removed and, as the sequence tells, no more than may be replayed. Look-ups by
-- key: a join of them takes longer, because it forms the row anew at every step. What a job has
-- noted of this server spares reading its control file. When there is nothing new the cursor stays
-- as it was, so that it need not be signed. Whatever is otherwise, or not found, is for
-- read_unusual().

create or replace function wedsync_realtime.read_feed(
    user_id    uuid,
    channel    text,
    cursor     text,
    max_events integer,
    at         timestamptz
)
    returns wedsync_realtime.reading
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_upto constant pg_snapshot := pg_current_snapshot();
    v_part constant text[] := string_to_array(cursor, '.');
    v_lease wedsync_realtime.lease;
    v_who text[];
    v_seen pg_snapshot;
begin
    select x.stale_after, x.event_bytes, x.cursor_secret, x.replay_events
    from wedsync_realtime.settings as x into
    v_lease.stale_after, v_lease.event_bytes, v_lease.cursor_secret, v_lease.replay_events;
    select s.id, s.topic_id, s.last_ping_at, s.since, s.filter_params
    into v_lease.id, v_lease.topic_id, v_lease.last_ping_at, v_lease.since, v_lease.filter_params
    from public.realtime_subscriptions as s
    where s.user_id = read_feed.user_id and s.channel_id = read_feed.channel;
    select t.tenant_id, t.channel_id, t.is_ready from wedsync_realtime.topics as t
    into v_lease.tenant_id, v_lease.channel_id, v_lease.is_ready
    where t.id = v_lease.topic_id;
    select c.name || ':' || v_lease.tenant_id, c.schema_name, c.table_name,
        array[c.supplier_authoriser, c.couple_authoriser]
    into v_lease.topic, v_lease.schema_name, v_lease.table_name, v_who
    from wedsync_realtime.channels as c where c.id = v_lease.channel_id and c.is_enabled;
    select k.max_xid, k.durable_xid, k.epoch
    into v_lease.max_xid, v_lease.durable_xid, v_lease.epoch
    from wedsync_realtime.known_server as k;
    perform from public.user_profiles as p
    where p.id = read_feed.user_id and v_lease.tenant_id = case p.user_type
        when 'supplier' then case v_who[1] when 'own_supplier' then p.supplier_id end
        when 'couple' then case v_who[2] when 'own_couple' then p.couple_id end
    end;
    v_seen := case when found and v_part[2] = v_lease.epoch and v_part[3] = v_lease.topic_id::text
        and v_part[5] = wedsync_realtime.sign_cursor(left(cursor, -24), v_lease.cursor_secret)
        then v_part[4]::pg_snapshot end;
    if pg_sequence_last_value('wedsync_realtime.resets_id_seq') is not null then
        select max(r.xid) into v_lease.last_reset
        from wedsync_realtime.resets as r where r.channel_id = v_lease.channel_id;
    end if;
    select e.id into v_lease.first_id from wedsync_realtime.events as e
    where e.tenant_id = v_lease.tenant_id and e.channel_id = v_lease.channel_id
        and e.xid >= pg_snapshot_xmin(v_seen) limit 1;
    if (v_lease.last_ping_at > at - v_lease.stale_after
        and pg_snapshot_xmin(v_seen) > greatest(v_lease.max_xid, v_lease.last_reset)
        and pg_snapshot_xmax(v_seen) <= pg_snapshot_xmin(v_upto)
        and pg_current_xact_id_if_assigned() is null
        and current_setting('transaction_isolation') like 'read %'
        and (v_lease.first_id is null
            or pg_sequence_last_value('wedsync_realtime.events_id_seq') - v_lease.first_id
            < v_lease.replay_events)
    ) is not true then
        return wedsync_realtime.read_unusual(v_lease, user_id, channel, cursor, max_events, at);
    end if;
    return row(
        v_lease.id, case when not v_lease.is_ready then v_lease.topic_id end,
        nullif(greatest(v_lease.last_ping_at, at - v_lease.stale_after / 5), v_lease.last_ping_at),
        null::wedsync_realtime.problem,
        case when v_lease.first_id is not null or pg_snapshot_xmax(v_seen) < v_lease.durable_xid
            then wedsync_realtime.read_page(v_lease, channel, cursor,
                row(v_lease.epoch, v_lease.topic_id, v_seen, null, null), v_upto, max_events)
            else jsonb_build_object('success', true, 'ready', v_lease.is_ready, 'cursor', cursor,
                'events', '{}'::text[], 'hasMore', false, 'resyncRequired', false, 'reason', null)
        end
    );
end
$$;

comment on function wedsync_realtime.read_feed(uuid, text, text, integer, timestamptz) is
'What a poll answers, or the problem with it.';
revoke execute on function wedsync_realtime.read_feed(uuid, text, text, integer, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.read_feed(uuid, text, text, integer, timestamptz)
to wedsync_realtime_owner;
