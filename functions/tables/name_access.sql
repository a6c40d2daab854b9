-- List what the definer functions still lack to show the monitor the names of suppliers and
-- couples, whatever RLS the application has on them, where it keeps them there.

create or replace function wedsync_realtime.name_access(relations regclass[] default null)
    returns table (relation regclass, place integer, statement text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    with named as (
        select c.oid::regclass as id, c.relname || '_select_owner' as policy
        from pg_class as c
        where
            c.relnamespace = 'public'::regnamespace
            and c.relname in ('suppliers', 'couples')
            and c.relkind in ('r', 'p')
            and (relations is null or c.oid = any (relations))
    )
    select
        n.id, 1,
        format(
            'create policy %1$I on %2$s for select to wedsync_realtime_owner using (true); '
            'comment on policy %1$I on %2$s is %3$L',
            n.policy, n.id, 'The definer functions, which show names to the monitor.'
        )
    from named as n
    where not exists (
        select from pg_policy as p where p.polrelid = n.id and p.polname = n.policy
    )
    union all
    select
        n.id, 2, format('grant select (%I) on %s to wedsync_realtime_owner', a.attname, n.id)
    from named as n
    inner join pg_attribute as a on a.attrelid = n.id
    where
        a.attname in ('id', 'business_name', 'display_name')
        and not a.attisdropped
        and not exists (
            select from aclexplode(a.attacl) as l
            where
                l.grantee = 'wedsync_realtime_owner'::regrole and l.privilege_type = 'SELECT'
        );
end
$$;

comment on function wedsync_realtime.name_access(regclass[]) is
'Grants and policies that the definer functions still lack to show names, each as the statement '
'that adds it.';
revoke execute on function wedsync_realtime.name_access(regclass[])
from public, anon, authenticated, service_role;
