-- Write the expression for the bytes of a change's images, by which they travel or are cut to the
-- key; row_size() says what else counts. Of small rows only the text is compared, of those columns
-- that may hold numbers of any length: texts of all columns would take twice as long. Where it is
-- known which columns have changed, the others are measured in the first image alone.

create or replace function wedsync_realtime.size_expression(
    images  text[],
    changed text,
    channel wedsync_realtime.channels
)
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_long text;
    v_expression text;
begin
    select string_agg(l.condition, ' or ' order by l.place) into v_long
    from (
        select
            i.place,
            format(
                '%s > 8 * pg_column_size(%s)',
                string_agg(
                    format(
                        'case when %s then 0 else coalesce(octet_length(%s ->> %L), 0) end',
                        case i.place
                            when 1 then 'false' else format('%L <> all (%s)', c.name, changed)
                        end,
                        i.name, c.name
                    ),
                    ' + ' order by c.name
                ),
                i.name
            ) as condition
        from unnest(images) with ordinality as i (name, place)
        cross join wedsync_realtime.channel_columns(channel) as c
        where c.kind is null or c.type = 'numeric'::regtype
        group by i.place, i.name
    ) as l;
    select
        format(
            E'case\n'
            '                when greatest(%s) > 2048 then %s\n'
            '                when %s then 1000000000\n'
            '                else %s\n'
            '            end',
            string_agg(format('pg_column_size(%s)', i.name), ', '),
            string_agg(format('wedsync_realtime.row_size(%s)', i.name), ' + '),
            coalesce(v_long, 'false'),
            string_agg(format('coalesce(pg_column_size(%s), 0)', i.name), ' + ')
        )
    into v_expression
    from unnest(images) as i (name);
    return v_expression;
end
$$;

comment on function wedsync_realtime.size_expression(text[], text, wedsync_realtime.channels) is
'Expression for the bytes of the images of a change.';
revoke execute on function wedsync_realtime.size_expression(
    text[], text, wedsync_realtime.channels
) from public, anon, authenticated, service_role;
