-- Write the expression for the length of the text of those columns of a row's image that may hold
-- numbers of any length; row_size() says why. Texts of all columns would take twice as long.

create or replace function wedsync_realtime.length_expression(
    image   text,
    channel wedsync_realtime.channels
)
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce((
        select string_agg(
            format('coalesce(octet_length(%s ->> %L), 0)', image, c.name), ' + ' order by c.name
        )
        from wedsync_realtime.channel_columns(channel) as c
        where c.kind is null or c.type = 'numeric'::regtype
    ), '0');
end
$$;

comment on function wedsync_realtime.length_expression(text, wedsync_realtime.channels) is
'Expression for the length of those columns of an image that may hold numbers of any length.';
revoke execute on function wedsync_realtime.length_expression(text, wedsync_realtime.channels)
from public, anon, authenticated, service_role;
