-- Read a cursor; null when the text is none that was given out here. The exception block is for
-- snapshots of the right form that pg_snapshot itself refuses.

create or replace function wedsync_realtime.parse_cursor(cursor text)
    returns wedsync_realtime.cursor
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_part text[];
begin
    if length(cursor) > 65536 or cursor !~ (
        '^1[.][0-9a-f]{8}[.][0-9]{1,18}[.][0-9]{1,18}:[0-9]{1,18}:[0-9,]*'
        '([.][0-9]{1,18}:[0-9]{1,18}:[0-9,]*[.][0-9]{1,18})?[.][0-9a-f]{24}$'
    ) then
        return null;
    end if;
    if right(cursor, 24) <> wedsync_realtime.sign_cursor(left(cursor, -25)) then
        return null;
    end if;
    v_part := string_to_array(left(cursor, -25), '.');
    return row(
        v_part[2], v_part[3]::bigint, v_part[4]::pg_snapshot,
        v_part[5]::pg_snapshot, v_part[6]::bigint
    );
exception
    when data_exception then
        return null;
end
$$;

comment on function wedsync_realtime.parse_cursor(text) is
'Parts of a cursor; null when the text is no cursor.';
revoke execute on function wedsync_realtime.parse_cursor(text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.parse_cursor(text)
to wedsync_realtime_owner;
