-- List the columns that a channel needs: those of its own table, and those that the decisions
-- about who may hear it rest on. type is null where any will do.

create or replace function wedsync_realtime.needed_columns(channel wedsync_realtime.channels)
    returns table (schema_name text, table_name text, column_name text, type text)
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select channel.schema_name, channel.table_name, channel.tenant_column, 'uuid'
    union all
    select channel.schema_name, channel.table_name, k, null
    from unnest(channel.columns) as k
    union all
    select 'public', d.relation, d.attribute, d.form
    from (values
        (true, 'user_profiles', 'id', 'uuid'),
        (true, 'user_profiles', 'user_type', 'side'),
        (true, 'user_profiles', 'supplier_id', 'uuid'),
        (true, 'user_profiles', 'couple_id', 'uuid'),
        (channel.supplier_authoriser = 'linked_couple', 'clients', 'supplier_id', 'uuid'),
        (channel.supplier_authoriser = 'linked_couple', 'clients', 'couple_id', 'uuid'),
        (channel.filter_key = 'wedding_id', 'wedding_details', 'id', 'uuid'),
        (channel.filter_key = 'wedding_id', 'wedding_details', 'couple_id', 'uuid')
    ) as d (applies, relation, attribute, form)
    where d.applies;
end
$$;

comment on function wedsync_realtime.needed_columns(wedsync_realtime.channels) is
'Columns that a channel needs, in its own table and in those that decisions rest on.';
revoke execute on function wedsync_realtime.needed_columns(wedsync_realtime.channels)
from public, anon, authenticated, service_role;
