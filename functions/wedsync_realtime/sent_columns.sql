-- Reduce a row to what travels: the key and, unless it is over the size, the columns of the
-- channel.

create or replace function wedsync_realtime.sent_columns(
    content     jsonb,
    key_columns text[],
    columns     text[],
    is_cut      boolean
)
    returns jsonb
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_object_agg(c.key, c.value)
        from jsonb_each(sent_columns.content) as c
        where
            c.key = any (sent_columns.key_columns)
            or (
                not sent_columns.is_cut
                and (sent_columns.columns is null or c.key = any (sent_columns.columns))
            )
    );
end
$$;

comment on function wedsync_realtime.sent_columns(jsonb, text[], text[], boolean) is
'The part of a row that travels.';
revoke execute on function wedsync_realtime.sent_columns(jsonb, text[], text[], boolean)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.sent_columns(jsonb, text[], text[], boolean)
to wedsync_realtime_owner;
