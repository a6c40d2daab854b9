-- Take users and an id out of the audit, from a time on: rows of the users go, and in rows of
-- others that name the id zeros take its place, so that what they tell stays.

create or replace function wedsync_realtime.erase_audit(
    id           uuid,
    users        uuid[],
    since        timestamptz,
    out deleted  bigint,
    out redacted bigint
)
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_nobody text := '00000000-0000-0000-0000-000000000000';
begin
    delete from public.realtime_activity_logs as l
    where l.user_id = any (users) and l."timestamp" >= since;
    get diagnostics deleted = row_count;
    update public.realtime_activity_logs as l
    set
        channel_id = replace(l.channel_id, erase_audit.id::text, v_nobody),
        payload = replace(l.payload::text, erase_audit.id::text, v_nobody)::jsonb
    where
        l."timestamp" >= since
        and l.event_type <> 'erased'
        and strpos(concat(l.channel_id, l.payload), erase_audit.id::text) > 0;
    get diagnostics redacted = row_count;
end
$$;

comment on function wedsync_realtime.erase_audit(uuid, uuid[], timestamptz) is
'Take users and an id out of the audit; returns how many rows went and how many were changed.';
revoke execute on function wedsync_realtime.erase_audit(uuid, uuid[], timestamptz)
from public, anon, authenticated, service_role;
