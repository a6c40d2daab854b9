-- Write the expression for the key of a row's image, by which old and new are paired.

create or replace function wedsync_realtime.key_expression(image text, key_columns text[])
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    if cardinality(key_columns) = 1 then
        return format('%s -> %L', image, key_columns[1]);
    end if;
    return wedsync_realtime.columns_expression(image, key_columns);
end
$$;

comment on function wedsync_realtime.key_expression(text, text[]) is
'Expression for the key of a row''s image.';
revoke execute on function wedsync_realtime.key_expression(text, text[])
from public, anon, authenticated, service_role;
