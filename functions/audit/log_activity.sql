-- Write one row of the audit.

create or replace function wedsync_realtime.log_activity(
    user_id    uuid,
    channel_id text,
    event_type text,
    payload    jsonb
)
    returns void
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into public.realtime_activity_logs (user_id, channel_id, event_type, payload)
    values (
        log_activity.user_id, log_activity.channel_id,
        log_activity.event_type, log_activity.payload
    );
end
$$;

comment on function wedsync_realtime.log_activity(uuid, text, text, jsonb) is
'Write one row of the audit.';
revoke execute on function wedsync_realtime.log_activity(uuid, text, text, jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.log_activity(uuid, text, text, jsonb)
to wedsync_realtime_owner;
