-- Read what a poll answers, or why it is refused: lease, decision, horizon and events in one
-- snapshot, so that nothing falls between them. Writes nothing.

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
    v_reading wedsync_realtime.reading;
    v_lease constant wedsync_realtime.lease := wedsync_realtime.find_lease(user_id, channel);
    v_seen wedsync_realtime.cursor;
    v_code text;
begin
    v_reading.lease := v_lease;
    if cursor is not null then
        v_seen := wedsync_realtime.parse_cursor(cursor, v_lease.cursor_secret);
        if v_seen.seen is null then
            v_reading.problem := wedsync_realtime.to_problem(
                'invalid_request', 'cursor is none that poll or subscribe has answered'
            );
            return v_reading;
        end if;
    end if;
    if v_lease.id is null then
        v_code := wedsync_realtime.absence_code(user_id, channel);
    elsif v_lease.may_hear is not true then
        v_code := 'forbidden_channel';
    elsif v_lease.last_ping_at <= at - v_lease.stale_after then
        v_code := 'subscription_expired';
    else
        v_reading.answer := wedsync_realtime.fetch_events(
            v_lease, channel, cursor, v_seen, max_events
        );
        return v_reading;
    end if;
    v_reading.problem := wedsync_realtime.to_problem(
        v_code, hint => 'Subscribe again and go on from your cursor.'
    );
    return v_reading;
end
$$;

comment on function wedsync_realtime.read_feed(uuid, text, text, integer, timestamptz) is
'What a poll answers, or the problem with it.';
revoke execute on function wedsync_realtime.read_feed(uuid, text, text, integer, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.read_feed(uuid, text, text, integer, timestamptz)
to wedsync_realtime_owner;
