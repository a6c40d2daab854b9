-- Give a user what the audit holds of them, as they may ask for; that it was exported is audited.

create or replace function wedsync_realtime.export_activity(
    user_id uuid,
    since   timestamptz default '-infinity',
    until   timestamptz default 'infinity'
)
    returns table (at timestamptz, event_type text, channel_id text, details jsonb)
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_rows bigint;
begin
    if user_id is null then
        raise exception 'export_activity needs a user_id'
            using errcode = 'invalid_parameter_value';
    end if;
    return query
    select l."timestamp", l.event_type, l.channel_id, l.payload
    from public.realtime_activity_logs as l
    where
        l.user_id = export_activity.user_id
        and l."timestamp" >= export_activity.since and l."timestamp" < export_activity.until
    order by l."timestamp";
    get diagnostics v_rows = row_count;
    perform wedsync_realtime.log_activity(
        null, null, 'exported',
        jsonb_build_object('by', session_user, 'user_id', user_id, 'rows', v_rows)
    );
end
$$;

comment on function wedsync_realtime.export_activity(uuid, timestamptz, timestamptz) is
'What the audit holds of a user between two times.';
revoke execute on function wedsync_realtime.export_activity(uuid, timestamptz, timestamptz)
from public, anon, authenticated, service_role;
