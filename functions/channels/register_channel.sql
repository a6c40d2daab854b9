-- Add a channel for a table, and attach the table. Run it as the owner of the table or as a
-- superuser.

create or replace function wedsync_realtime.register_channel(
    name                text,
    relation            regclass,
    tenant_column       text,
    filter_key          text,
    supplier_authoriser text default null,
    couple_authoriser   text default null,
    columns             text[] default null
)
    returns wedsync_realtime.channels
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_channel wedsync_realtime.channels;
    v_keys text[] := wedsync_realtime.key_columns(relation);
    v_unknown text;
begin
    if v_keys is null then
        raise exception 'table % has no primary key', relation
            using errcode = 'invalid_parameter_value',
            hint = 'Old and new images of a row are paired by it.';
    end if;
    select c.wanted into v_unknown
    from unnest(columns || tenant_column) as c (wanted)
    where not exists (
        select from pg_attribute as a
        where
            a.attrelid = relation and a.attname = c.wanted
            and a.attnum > 0 and not a.attisdropped
    );
    if found then
        raise exception 'table % has no column %', relation, quote_nullable(v_unknown)
            using errcode = 'undefined_column';
    end if;
    if not exists (
        select from pg_attribute as a
        where
            a.attrelid = relation and a.attname = register_channel.tenant_column
            and a.atttypid = 'uuid'::regtype
    ) then
        raise exception 'tenant column % of % is not of type uuid', tenant_column, relation
            using errcode = 'datatype_mismatch';
    end if;

    insert into wedsync_realtime.channels (
        name, schema_name, table_name, key_columns, tenant_column, filter_key,
        supplier_authoriser, couple_authoriser, columns
    )
    select
        register_channel.name, n.nspname, c.relname, v_keys,
        register_channel.tenant_column, register_channel.filter_key,
        register_channel.supplier_authoriser, register_channel.couple_authoriser,
        register_channel.columns
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = relation
    returning * into v_channel;
    if not wedsync_realtime.attach_channel(v_channel) then
        raise exception 'channel % was not registered', register_channel.name
            using errcode = 'object_not_in_prerequisite_state',
            detail = (
                select c.problem from wedsync_realtime.channels as c where c.id = v_channel.id
            ),
            hint = 'Mend that and register it again.';
    end if;
    select c.* into v_channel from wedsync_realtime.channels as c where c.id = v_channel.id;
    return v_channel;
end
$$;

comment on function wedsync_realtime.register_channel(
    text, regclass, text, text, text, text, text[]
) is
'Add a channel for a table with a primary key, and attach the table.';
revoke execute on function wedsync_realtime.register_channel(
    text, regclass, text, text, text, text, text[]
)
from public, anon, authenticated, service_role;
