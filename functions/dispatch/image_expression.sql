-- Write the expression for what travels of a row: its columns that may, or its key when it is
-- over the size.

create or replace function wedsync_realtime.image_expression(
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
    return format(
        E'\n            case %1$swhen c.size <= {bytes} then %2$s else %3$s end',
        case when image <> 'c.content' then format('when %s is null then null ', image) end,
        case
            when channel.columns is null then image
            else wedsync_realtime.columns_expression(
                image, channel.key_columns || channel.columns
            )
        end,
        wedsync_realtime.columns_expression(image, channel.key_columns)
    );
end
$$;

comment on function wedsync_realtime.image_expression(text, wedsync_realtime.channels) is
'Expression for what travels of a row.';
revoke execute on function wedsync_realtime.image_expression(text, wedsync_realtime.channels)
from public, anon, authenticated, service_role;
