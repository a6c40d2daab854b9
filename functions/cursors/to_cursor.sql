-- Write a cursor as text: version, its parts, the last two only inside a page that was cut, and a
-- signature, because a made-up cursor would show what was recorded before the caller came.

create or replace function wedsync_realtime.to_cursor(
    cursor wedsync_realtime.cursor,
    secret text
)
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_text text := concat_ws(
        '.', '1', cursor.epoch, cursor.topic_id, cursor.seen, cursor.upto, cursor.last_id
    ) || '.';
begin
    return v_text || wedsync_realtime.sign_cursor(v_text, secret);
end
$$;

comment on function wedsync_realtime.to_cursor(wedsync_realtime.cursor, text) is
'Text of a cursor.';
revoke execute on function wedsync_realtime.to_cursor(wedsync_realtime.cursor, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.to_cursor(wedsync_realtime.cursor, text)
to wedsync_realtime_owner;
