-- Give the template for the rows of an UPDATE, old and new, each pair with its operation: of one
-- row that kept key and tenant, or of all, paired by key.

create or replace function wedsync_realtime.pairs_template(is_one boolean)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return case when is_one then $template$
            select
                'U'::"char" as operation, v_tenant as tenant_id,
                v_new[1] as new, v_old[1] as old$template$ else $template$
            select
                k.operation,
                case k.operation when 'D' then o.tenant else n.tenant end as tenant_id,
                case when k.operation <> 'D' then n.new end as new,
                case when k.operation <> 'I' then o.old end as old
            from (
                select i.content as old, {tenant} as tenant, {key} as key
                from (select {row} as content from old_rows as r{not_new} offset 0) as i
            ) as o
            full join (
                select i.content as new, {tenant} as tenant, {key} as key
                from (select {row} as content from new_rows as r{not_old} offset 0) as i
            ) as n on n.key = o.key
            cross join lateral unnest(case
                when o.tenant is distinct from n.tenant then '{D, I}'::"char"[]
                when o.old <> n.new then '{U}'::"char"[]
            end) as k (operation)$template$ end;
end
$$;

comment on function wedsync_realtime.pairs_template(boolean) is
'Template for the rows of an UPDATE, old and new.';
revoke execute on function wedsync_realtime.pairs_template(boolean)
from public, anon, authenticated, service_role;
