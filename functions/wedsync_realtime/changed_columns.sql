-- List the columns that differ between two images of a row, of those that travel.

create or replace function wedsync_realtime.changed_columns(columns text[], new jsonb, old jsonb)
    returns text[]
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select coalesce(array_agg(n.key order by n.key), '{}')
        from jsonb_each(changed_columns.new) as n
        where
            n.value is distinct from changed_columns.old -> n.key
            and (changed_columns.columns is null or n.key = any (changed_columns.columns))
    );
end
$$;

comment on function wedsync_realtime.changed_columns(text[], jsonb, jsonb) is
'Columns that differ between two images of a row.';
revoke execute on function wedsync_realtime.changed_columns(text[], jsonb, jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.changed_columns(text[], jsonb, jsonb)
to wedsync_realtime_owner;
