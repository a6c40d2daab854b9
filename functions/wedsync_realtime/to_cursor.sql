-- Write a cursor as text: version, then its parts; the last two only inside a page that was cut.

create or replace function wedsync_realtime.to_cursor(cursor wedsync_realtime.cursor)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return concat_ws(
        '.', '1', cursor.epoch, cursor.topic_id, cursor.seen, cursor.upto, cursor.last_id
    );
end
$$;

comment on function wedsync_realtime.to_cursor(wedsync_realtime.cursor) is
'Text of a cursor.';
revoke execute on function wedsync_realtime.to_cursor(wedsync_realtime.cursor)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.to_cursor(wedsync_realtime.cursor)
to wedsync_realtime_owner;
