-- Give the bytes of a row's image, by which it travels or is cut to its key. One that is nested so
-- deeply that poll could not build its answer of it, or clients not read that, is as large as can
-- be, and so is one whose text is far larger than what it is kept in, because a number of ten bytes
-- may have 131,072 digits: whoever may write a row could silence the topic with it.
-- In 2,048 bytes there is no room for such depth; of smaller rows dispatch compares only the text,
-- by size_expression().

create or replace function wedsync_realtime.row_size(content jsonb)
    returns integer
    language plpgsql
    immutable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when content is null then 0
        when pg_column_size(content) > 16777216 then pg_column_size(content)
        when
            jsonb_path_exists(content, 'strict $.**{256}')
            or jsonb_path_exists(content, 'strict $.** ? (@ > 1e400 || @ < -1e400)')
            or octet_length(content::text) > 8 * pg_column_size(content)
            then 1000000000
        else pg_column_size(content)
    end;
exception
    -- zeros, too, may have thousands of digits
    when program_limit_exceeded then
        return 1000000000;
end
$$;

comment on function wedsync_realtime.row_size(jsonb) is
'Bytes of the image of a row; a milliard of one that no page could hold.';
revoke execute on function wedsync_realtime.row_size(jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.row_size(jsonb)
to wedsync_realtime_owner;
