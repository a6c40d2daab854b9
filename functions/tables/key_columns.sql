-- List the columns of a table's primary key, in its order; null when it has none. What the index
-- only includes is no part of it.

create or replace function wedsync_realtime.key_columns(relation regclass)
    returns text[]
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select array_agg(a.attname::text order by k.place)
        from pg_index as i
        cross join unnest(i.indkey::smallint[]) with ordinality as k (attnum, place)
        inner join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
        where i.indrelid = relation and i.indisprimary and k.place <= i.indnkeyatts
    );
end
$$;

comment on function wedsync_realtime.key_columns(regclass) is
'Columns of a primary key, in its order; null when there is none.';
revoke execute on function wedsync_realtime.key_columns(regclass)
from public, anon, authenticated, service_role;
