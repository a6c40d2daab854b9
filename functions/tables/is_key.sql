-- Say whether columns identify a row of a table: they are those of a unique index, but for such
-- as a partitioned table needs in it to tell the partition, and none of them may be null, because
-- any number of rows may have no value.

create or replace function wedsync_realtime.is_key(relation regclass, columns text[])
    returns boolean
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (
        select
        from pg_index as i
        cross join lateral (
            select
                array_agg(a.attname::text) as names,
                array_agg(a.attname::text) filter (
                    where a.attnum <> all (coalesce(p.partattrs::smallint[], '{}'))
                ) as needed,
                bool_and(a.attnotnull) as is_filled
            from pg_attribute as a
            left join pg_partitioned_table as p on p.partrelid = relation
            where
                a.attrelid = relation
                and a.attnum = any ((i.indkey::smallint[])[0:i.indnkeyatts - 1])
        ) as k
        where
            i.indrelid = relation
            and i.indisunique
            and i.indisvalid
            and i.indpred is null
            and i.indexprs is null
            and k.is_filled
            and columns <@ k.names
            and columns @> coalesce(k.needed, k.names)
    );
end
$$;

comment on function wedsync_realtime.is_key(regclass, text[]) is
'Whether columns identify a row of a table.';
revoke execute on function wedsync_realtime.is_key(regclass, text[])
from public, anon, authenticated, service_role;
