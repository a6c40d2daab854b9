-- Read a cursor; null when the text is none that was given out here, as its signature shows. What
-- is signed is well-formed.

create or replace function wedsync_realtime.parse_cursor(cursor text, secret text)
    returns wedsync_realtime.cursor
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_part text[];
begin
    if length(cursor) > 1048576
        or right(cursor, 24) <> wedsync_realtime.sign_cursor(left(cursor, -24), secret)
    then
        return null;
    end if;
    v_part := string_to_array(cursor, '.');
    return row(
        v_part[2], v_part[3]::bigint, v_part[4]::pg_snapshot,
        case when cardinality(v_part) > 5 then v_part[5]::pg_snapshot end,
        case when cardinality(v_part) > 5 then v_part[6]::bigint end
    );
end
$$;

comment on function wedsync_realtime.parse_cursor(text, text) is
'Parts of a cursor; null when the text is no cursor.';
revoke execute on function wedsync_realtime.parse_cursor(text, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.parse_cursor(text, text)
to wedsync_realtime_owner;
