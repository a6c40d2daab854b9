-- Find a table that decisions rest on, where it has the columns that they read; otherwise null.

create or replace function wedsync_realtime.ground_table(name text)
    returns regclass
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_any wedsync_realtime.channels;
begin
    -- of a channel that asks for every table there is to ask for
    v_any.schema_name := 'public';
    v_any.table_name := ground_table.name;
    v_any.supplier_authoriser := 'linked_couple';
    v_any.filter_key := 'wedding_id';
    if exists (
        select
        from wedsync_realtime.needed_columns(v_any) as n
        where
            n.schema_name = 'public' and n.table_name = ground_table.name
            and n.column_name is not null
            and wedsync_realtime.column_problem('public', n.table_name, n.column_name, n.type)
            is not null
    ) then
        return null;
    end if;
    return wedsync_realtime.channel_table(v_any);
end
$$;

comment on function wedsync_realtime.ground_table(text) is
'Table that decisions rest on; null when it is not there or lacks a column that they read.';
revoke execute on function wedsync_realtime.ground_table(text)
from public, anon, authenticated, service_role;
