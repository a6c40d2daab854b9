-- Write the expression for some columns of a row's image: fifty at a time, because a function takes
-- a hundred arguments at most.

create or replace function wedsync_realtime.columns_expression(image text, columns text[])
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select string_agg(
            format('jsonb_build_object(%s)', f.arguments), ' || ' order by f.number
        )
        from (
            select
                c.place / 50 as number,
                string_agg(
                    format('%L, %s -> %L', c.name, image, c.name), ', ' order by c.place
                ) as arguments
            from (
                select u.name, row_number() over (order by min(u.place)) - 1 as place
                from unnest(columns_expression.columns) with ordinality as u (name, place)
                group by u.name
            ) as c
            group by c.place / 50
        ) as f
    );
end
$$;

comment on function wedsync_realtime.columns_expression(text, text[]) is
'Expression for some columns of a row''s image.';
revoke execute on function wedsync_realtime.columns_expression(text, text[])
from public, anon, authenticated, service_role;
