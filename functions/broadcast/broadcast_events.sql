-- Send events that a statement has just recorded for a channel, named by their places in the
-- feed, as private broadcasts; or, with a reason, tell every hot topic of it to resync.
-- Definer, and the one that own_functions leaves with the deploying role: realtime.send inserts
-- as its caller, who must be let past the row policies of realtime.messages.
-- realtime.send turns a failure into a warning, so what it has inserted is counted, by the
-- statistics that the server keeps of its own work: nothing is read of the table, however large it
-- is. Why it sent nothing is found by inserting the last message as it does, and undoing that. Any
-- other error is caught too, because a new version of Supabase must not stop the application's
-- writes: the block costs one subtransaction more, realtime.send opens one for each message.
-- realtime.send leaves realtime.topic set, so the writer's own is set back. The time zone is the
-- one that the partitions of realtime.messages are cut by.

create or replace function wedsync_realtime.broadcast_events(
    channel_id smallint,
    places     tid[],
    since      timestamptz,
    reason     text default null
)
    returns void
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set client_min_messages = error
as $$
declare
    v_tried integer := 0;
    v_unsent bigint;
    v_payload jsonb;
    v_event text;
    v_topic text;
    v_own_topic constant text := coalesce(current_setting('realtime.topic', true), '');
    v_tables regclass[];
    v_before bigint;
begin
    v_tables := 'realtime.messages'::regclass || array(
        select i.inhrelid from pg_inherits as i where i.inhparent = 'realtime.messages'::regclass
    )::regclass[];
    select sum(pg_stat_get_xact_tuples_inserted(t))::bigint into v_before
    from unnest(v_tables) as t;
    for v_topic, v_event, v_payload in
        select m.topic, m.event, m.payload
        from wedsync_realtime.broadcast_messages(channel_id, places, since, reason) as m
    loop
        v_tried := v_tried + 1;
        perform realtime.send(v_payload, v_event, v_topic, true);
    end loop;
    perform set_config('realtime.topic', v_own_topic, true);
    select v_tried + v_before - sum(pg_stat_get_xact_tuples_inserted(t))::bigint into v_unsent
    from unnest(v_tables) as t;
    if v_unsent > 0 and current_setting('track_counts')::boolean then
        begin
            insert into realtime.messages (payload, event, topic, private, extension)
            values (v_payload, v_event, v_topic, true, 'broadcast');
            raise sqlstate 'WR002' using
                message = 'realtime.send failed with a warning, which is in the server''s log';
        exception
            when others then
                perform wedsync_realtime.note_failure(
                    channel_id, 'broadcast', sqlstate, sqlerrm, v_unsent
                );
        end;
    end if;
exception
    when others then
        perform wedsync_realtime.note_failure(
            channel_id, 'broadcast', sqlstate, sqlerrm, greatest(v_tried, 1)
        );
end
$$;

comment on function wedsync_realtime.broadcast_events(smallint, tid[], timestamptz, text) is
'Send the events of a statement as private Supabase broadcasts; failures are counted, not raised.';
revoke execute on function wedsync_realtime.broadcast_events(smallint, tid[], timestamptz, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.broadcast_events(smallint, tid[], timestamptz, text)
to wedsync_realtime_owner;
