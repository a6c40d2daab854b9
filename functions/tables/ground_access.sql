-- List what the definer functions still lack to read what decisions rest on, whatever RLS the
-- application has on it: grants and policies. They update nothing: the right to update a column
-- of the key is what SELECT ... FOR SHARE asks for.

create or replace function wedsync_realtime.ground_access(relations regclass[] default null)
    returns table (relation regclass, place integer, statement text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    c_owner constant regrole := 'wedsync_realtime_owner'::regrole;
begin
    return query
    select
        g.oid::regclass, 1,
        format(
            'create policy %1$I on %2$s for %3$s; comment on policy %1$I on %2$s is %4$L',
            d.policy, g.oid::regclass, replace(d.clause, '%owner%', c_owner::text),
            'The definer functions, which decide for themselves.'
        )
    from (values
        (
            'user_profiles', 'user_profiles_all_owner',
            'all to %owner% using (true) with check (true)'
        ),
        ('clients', 'clients_all_owner', 'all to %owner% using (true) with check (true)'),
        ('wedding_details', 'wedding_details_select_owner', 'select to %owner% using (true)')
    ) as d (name, policy, clause)
    inner join pg_class as g on g.relnamespace = 'public'::regnamespace and g.relname = d.name
    where (relations is null or g.oid = any (relations)) and case
        when not exists (
            select from pg_policy as p where p.polrelid = g.oid and p.polname = d.policy
        )
        then g.oid = wedsync_realtime.ground_table(d.name)
    end
    union all
    select
        g.oid::regclass, 2,
        format(
            'grant %s %s on %s to %s',
            d.privilege, '(' || quote_ident(k.name) || ')', g.oid::regclass, c_owner
        )
    from (values
        ('user_profiles', 'select', null),
        ('user_profiles', 'update', 'id'),
        ('clients', 'select', null),
        ('clients', 'update', 'supplier_id'),
        ('wedding_details', 'select', 'id'),
        ('wedding_details', 'select', 'couple_id')
    ) as d (name, privilege, part)
    inner join pg_class as g on g.relnamespace = 'public'::regnamespace and g.relname = d.name
    cross join lateral coalesce(
        case d.privilege when 'update' then (wedsync_realtime.key_columns(g.oid))[1] end, d.part
    ) as k (name)
    left join pg_attribute as a on a.attrelid = g.oid and a.attname = k.name
    where (relations is null or g.oid = any (relations)) and case
        when not exists (
            select from aclexplode(case when k.name is null then g.relacl else a.attacl end) as l
            where l.grantee = c_owner and l.privilege_type = upper(d.privilege)
        )
        then g.oid = wedsync_realtime.ground_table(d.name)
    end;
end
$$;

comment on function wedsync_realtime.ground_access(regclass[]) is
'Grants and policies that the definer functions still lack on what decisions rest on, each as '
'the statement that adds it.';
revoke execute on function wedsync_realtime.ground_access(regclass[])
from public, anon, authenticated, service_role;
