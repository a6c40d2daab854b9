-- health(): whether the registry fits the tables.

create or replace function wedsync_realtime.health_channels()
    returns table (name text, status text, value text, advice text, sql text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_amiss text;
begin
    select string_agg(format('%s: %s', p.name, p.problem), '; ' order by p.name)
    into v_amiss
    from (
        select
            c.name,
            case
                when t.relation is null then format('no table %s.%s', c.schema_name, c.table_name)
                else 'no column ' || (
                    select string_agg(quote_ident(n.attname), ', ')
                    from unnest(c.tenant_column || c.key_columns || c.columns) as n (attname)
                    where not exists (
                        select from pg_attribute as a
                        where
                            a.attrelid = t.relation and a.attname = n.attname
                            and a.attnum > 0 and not a.attisdropped
                            -- a tenant of another type is as good as none
                            and (a.attname <> c.tenant_column or a.atttypid = 'uuid'::regtype)
                    )
                )
            end as problem
        from wedsync_realtime.channels as c
        cross join lateral (select wedsync_realtime.channel_table(c) as relation) as t
        where c.is_enabled
    ) as p
    where p.problem is not null;
    return query
    select
        'channel_columns', case when v_amiss is null then 'ok' else 'fail' end,
        coalesce(v_amiss, format('%s channels', (select count(*) from wedsync_realtime.channels))),
        case
            when v_amiss is null then ''
            else 'The channel carries nothing. Write the new names into the registry.'
        end,
        case
            when v_amiss is null then ''
            else 'select name, schema_name, table_name, tenant_column, key_columns, columns '
                'from wedsync_realtime.channels'
        end;
end
$$;

comment on function wedsync_realtime.health_channels() is 'health(): registry.';
revoke execute on function wedsync_realtime.health_channels()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.health_channels()
to wedsync_realtime_owner;
