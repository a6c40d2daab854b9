-- Answer a poll without events: the client must read its copy anew, for a reason, or wait.

create or replace function wedsync_realtime.empty_page(
    lease  wedsync_realtime.lease,
    cursor text,
    seen   wedsync_realtime.cursor,
    upto   pg_snapshot,
    reason text
)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return jsonb_build_object(
        'success', true,
        'ready', lease.is_ready,
        'events', '[]'::jsonb,
        'cursor', case
            when upto is not null then wedsync_realtime.to_cursor(
                row(lease.epoch, lease.topic_id, wedsync_realtime.durable_snapshot(
                    null, upto, wedsync_realtime.last_xid(lease, upto)
                ), null, null),
                lease.cursor_secret
            )
            else coalesce(cursor, wedsync_realtime.to_cursor(seen, lease.cursor_secret))
        end,
        'hasMore', false,
        'resyncRequired', upto is not null,
        'reason', case when upto is not null then reason end
    );
end
$$;

comment on function wedsync_realtime.empty_page(
    wedsync_realtime.lease, text, wedsync_realtime.cursor, pg_snapshot, text
) is
'Answer of a poll that must resync, or wait.';
revoke execute on function wedsync_realtime.empty_page(
    wedsync_realtime.lease, text, wedsync_realtime.cursor, pg_snapshot, text
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.empty_page(
    wedsync_realtime.lease, text, wedsync_realtime.cursor, pg_snapshot, text
)
to wedsync_realtime_owner;
