-- Enable RLS on a table with policies that show each side what its channels carry, and let it
-- write its own rows. The reference tables get it when they are made; a table of the application
-- only when its owner asks for it. A supplier's rows that name a couple are also that couple's:
-- it reads them, and writes them for a linked supplier.

create or replace function wedsync_realtime.protect_table(relation regclass)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    c_supplier constant text := '(select wedsync_realtime.caller_supplier_id())';
    c_couple constant text := '(select wedsync_realtime.caller_couple_id())';
    c_linked constant text := '(select wedsync_realtime.caller_linked_ids())';
    v_name text := (select c.relname::text from pg_class as c where c.oid = relation);
    v_read text;
    v_write text;
begin
    select
        string_agg(r.condition, ' or ' order by r.condition),
        string_agg(r.condition, ' or ' order by r.condition) filter (where r.is_own)
    into v_read, v_write
    from (
        select a.condition, a.is_own
        from wedsync_realtime.channels as c
        cross join lateral (values
            (c.supplier_authoriser = 'own_supplier', true,
                format('%I = %s', c.tenant_column, c_supplier)),
            (c.couple_authoriser = 'own_couple', true,
                format('%I = %s', c.tenant_column, c_couple)),
            (c.supplier_authoriser = 'linked_couple', false,
                format('%I in %s', c.tenant_column, c_linked))
        ) as a (applies, is_own, condition)
        where
            to_regclass(format('%I.%I', c.schema_name, c.table_name)) = relation and a.applies
        union
        select format('(couple_id = %s and supplier_id in %s)', c_couple, c_linked), true
        from pg_attribute as a
        where a.attrelid = relation and a.attname in ('supplier_id', 'couple_id')
        having count(*) = 2
    ) as r;
    if v_read is null then
        raise exception 'no channel carries the table %', relation
            using errcode = 'invalid_parameter_value', hint = 'Register a channel for it first.';
    end if;

    if not (select c.relrowsecurity from pg_class as c where c.oid = relation) then
        execute format('alter table %s enable row level security', relation);
    end if;
    perform wedsync_realtime.ensure_policy(
        relation, v_name || '_' || p.command || '_tenant',
        format('for %s to authenticated %s', p.command, p.clause),
        'Suppliers and couples: rows that their channels carry.'
    )
    from (values
        ('select', format('using (%s)', v_read)),
        ('insert', format('with check (%s)', v_write)),
        ('update', format('using (%1$s) with check (%1$s)', v_write)),
        ('delete', format('using (%s)', v_write))
    ) as p (command, clause);
end
$$;

comment on function wedsync_realtime.protect_table(regclass) is
'Enable RLS on a table, with policies that show each side what its channels carry.';
revoke execute on function wedsync_realtime.protect_table(regclass)
from public, anon, authenticated, service_role;
