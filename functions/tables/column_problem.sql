-- Say what a table lacks to hold a needed column; null when it has it. The type side is
-- text, or an enum that knows suppliers and couples; without a type any will do.

create or replace function wedsync_realtime.column_problem(
    schema_name text,
    table_name  text,
    column_name text,
    type        text
)
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_table constant text := format('%I.%I', schema_name, table_name);
    v_type record;
begin
    select
        r.relkind as kind, a.atttypid as id, t.typcategory as category,
        a.attgenerated = 'v' as is_virtual
    into v_type
    from pg_class as r
    inner join pg_namespace as n on n.oid = r.relnamespace
    left join pg_attribute as a
        on a.attrelid = r.oid and a.attname = column_problem.column_name and a.attnum > 0
    left join pg_type as t on t.oid = a.atttypid
    where n.nspname = column_problem.schema_name and r.relname = column_problem.table_name;
    if not found then
        return format('there is no table %s', v_table);
    elsif v_type.kind not in ('r', 'p') then
        return format('%s is no table', v_table);
    elsif v_type.category is null then
        return format('%s has no column %s', v_table, quote_nullable(column_name));
    elsif v_type.is_virtual then
        return format('column %I of %s is virtual, which no trigger sees', column_name, v_table);
    elsif type = 'side' and (v_type.category = 'S' or (
        select array_agg(e.enumlabel::text) @> array['supplier', 'couple']
        from pg_enum as e where e.enumtypid = v_type.id
    )) then
        return null;
    elsif type = 'side' or v_type.id <> to_regtype(type) then
        return format(
            'column %I of %s is %s, not %s', column_name, v_table, format_type(v_type.id, null),
            replace(type, 'side', 'text or an enum with supplier and couple')
        );
    end if;
    return null;
end
$$;

comment on function wedsync_realtime.column_problem(text, text, text, text) is
'What a table lacks to hold a needed column; null when it has it.';
revoke execute on function wedsync_realtime.column_problem(text, text, text, text)
from public, anon, authenticated, service_role;
