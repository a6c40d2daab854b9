-- Write the expression for some columns of a row's image.

create or replace function wedsync_realtime.columns_expression(image text, columns text[])
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select format('jsonb_build_object(%s)', string_agg(
            format('%L, %s -> %L', c.name, image, c.name), ', ' order by c.place
        ))
        from (
            select u.name, min(u.place) as place
            from unnest(columns_expression.columns) with ordinality as u (name, place)
            group by u.name
        ) as c
    );
end
$$;

comment on function wedsync_realtime.columns_expression(text, text[]) is
'Expression for some columns of a row''s image.';
revoke execute on function wedsync_realtime.columns_expression(text, text[])
from public, anon, authenticated, service_role;
