-- Read a position; null when the text is none that drain has answered. It is a cursor that has, in
-- place of a topic, how much was recorded at the time of it, negative as in none of a client; and,
-- inside a window, the place of the last row told behind it, which is not signed: it names nothing
-- that a relay may not see.

create or replace function wedsync_realtime.parse_position("position" text, secret text)
    returns wedsync_realtime.cursor
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_part constant text[] := string_to_array("position", '/');
    v_seen wedsync_realtime.cursor;
begin
    v_seen := wedsync_realtime.parse_cursor(v_part[1], secret);
    if v_seen.topic_id > 0
        or cardinality(v_part) <> (case when v_seen.upto is null then 1 else 2 end)
        or v_part[2] !~ '^-?[0-9]{1,19}$'
        or v_part[2]::numeric not between -9223372036854775808 and 9223372036854775807
    then
        return null;
    end if;
    v_seen.last_id := v_part[2]::bigint;
    return v_seen;
end
$$;

comment on function wedsync_realtime.parse_position(text, text) is
'Parts of a position; null when the text is no position.';
revoke execute on function wedsync_realtime.parse_position(text, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.parse_position(text, text)
to wedsync_realtime_owner;
