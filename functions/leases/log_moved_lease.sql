-- Put on record that a lease went over to another topic, with the one it leaves: what its user
-- could hear until then. A relay is told that it left its subject, for another filter too.

create or replace function wedsync_realtime.log_moved_lease()
    returns trigger
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if old.filter_id is not null then
        perform wedsync_realtime.drop_filters(array[old.topic_id], array[old.filter_id]);
    end if;
    perform wedsync_realtime.tell_endings(
        array[old.topic_id], array[old.channel_id], array[old.user_id], array[old.connection_id],
        array[old.filter_id], 'moved: renewed for something else',
        wedsync_realtime.current_snapshot()
    );
    if old.topic_id = new.topic_id then
        return null;
    end if;
    insert into public.realtime_activity_logs (user_id, channel_id, event_type, payload)
    select
        old.user_id, old.channel_id, 'moved',
        jsonb_build_object(
            'channel', old.channel_name, 'connectionId', old.connection_id,
            'topic', old.channel_name || ':' || t.tenant_id,
            'since', old.since, 'until', wedsync_realtime.current_snapshot(),
            'expiresAt', old.last_ping_at + x.stale_after
        )
    from wedsync_realtime.topics as t
    cross join wedsync_realtime.settings as x
    where t.id = old.topic_id;
    return null;
end
$$;

comment on function wedsync_realtime.log_moved_lease() is
'Trigger: audit that a subscription went over to another topic.';
revoke execute on function wedsync_realtime.log_moved_lease()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.log_moved_lease()
to wedsync_realtime_owner;
