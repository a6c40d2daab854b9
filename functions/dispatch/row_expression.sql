-- Write the expression for the image of a row: without its virtual columns, of which PostgreSQL
-- shows nothing but null to triggers.

create or replace function wedsync_realtime.row_expression(channel wedsync_realtime.channels)
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return 'to_jsonb(r.*)' || coalesce((
        select ' - array[' || string_agg(quote_literal(a.attname), ', ' order by a.attnum) || ']'
        from pg_attribute as a
        where
            a.attrelid = wedsync_realtime.channel_table(channel)
            and a.attgenerated = 'v' and not a.attisdropped
            -- a brace could pass for a marker in the templates
            and a.attname !~ '[{}]'
    ), '');
end
$$;

comment on function wedsync_realtime.row_expression(wedsync_realtime.channels) is
'Expression for the image of a row.';
revoke execute on function wedsync_realtime.row_expression(wedsync_realtime.channels)
from public, anon, authenticated, service_role;
