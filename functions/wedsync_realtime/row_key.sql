-- Put the values of a key of several columns together.

create or replace function wedsync_realtime.row_key(key_columns text[], content jsonb)
    returns jsonb
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_agg(row_key.content -> k.name order by k.place)
        from unnest(row_key.key_columns) with ordinality as k (name, place)
    );
end
$$;

comment on function wedsync_realtime.row_key(text[], jsonb) is
'Values of a key of several columns.';
revoke execute on function wedsync_realtime.row_key(text[], jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.row_key(text[], jsonb)
to wedsync_realtime_owner;
