-- Read a position; null when the text is none that drain has answered. It is a cursor that has, in
-- place of a topic, how much was recorded at the time of it, negative as in none of a client;
-- inside a window how many events may be replayed, 0 where all topics resync, and the place of the
-- last row told behind it, which is not signed: it names nothing that a relay may not see.

create or replace function wedsync_realtime.parse_position("position" text, secret text)
    returns wedsync_realtime.cursor
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_part constant text[] := string_to_array("position", '.');
    v_place constant text := substring("position" from '/(.*)$');
    v_seen wedsync_realtime.cursor;
begin
    if cardinality(v_part) = 5 and length("position") <= 1048576
        and v_part[5] = wedsync_realtime.sign_cursor(left("position", -24), secret)
        and v_part[3]::bigint <= 0
    then
        return row(
            v_part[2], v_part[3]::bigint, v_part[4]::pg_snapshot, null::pg_snapshot, null::bigint
        );
    end if;
    v_seen := wedsync_realtime.parse_cursor(split_part("position", '/', 1), secret);
    if v_seen.topic_id > 0 or v_seen.upto is null or (v_place ~ '^-?[0-9]{1,19}$') is not true
        or v_place::numeric not between -9223372036854775808 and 9223372036854775807
    then
        return null;
    end if;
    v_seen.last_id := v_place::bigint;
    return v_seen;
end
$$;

comment on function wedsync_realtime.parse_position(text, text) is
'Parts of a position; null when the text is no position.';
revoke execute on function wedsync_realtime.parse_position(text, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.parse_position(text, text)
to wedsync_realtime_owner;
