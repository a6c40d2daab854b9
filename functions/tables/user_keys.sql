-- List the foreign keys to auth.users that are still missing: the one that ends the subscriptions
-- of a deleted user, and that of the reference form of user_profiles. They are made apart from
-- the tables, because they stop everybody who signs in; in the order in which the deletion of a
-- user is to follow them, that of lock_user.

create or replace function wedsync_realtime.user_keys(relations regclass[] default null)
    returns table (relation regclass, place integer, statement text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        u.oid::regclass, d.place,
        format(
            'alter table %s add constraint %I foreign key (%I) references %s (id) '
            'on delete cascade', t.oid::regclass, d.name, d.part, u.oid::regclass
        )
    from (values
        (4, 'user_profiles', 'id', 'user_profiles_id_fkey', 'Reference form%'),
        (5, 'realtime_subscriptions', 'user_id', 'realtime_subscriptions_user_id_fkey', '%')
    ) as d (place, relation, part, name, made)
    inner join pg_class as t
        on t.relname = d.relation and t.relnamespace = 'public'::regnamespace
    inner join pg_class as u on u.relname = 'users'
    inner join pg_namespace as n on n.oid = u.relnamespace and n.nspname = 'auth'
    where
        (relations is null or u.oid = any (relations))
        and obj_description(t.oid, 'pg_class') like d.made
        and not exists (
            select from pg_constraint as c where c.conrelid = t.oid and c.conname = d.name
        );
end
$$;

comment on function wedsync_realtime.user_keys(regclass[]) is
'Foreign keys to auth.users that are still missing, each as the statement that adds it.';
revoke execute on function wedsync_realtime.user_keys(regclass[])
from public, anon, authenticated, service_role;
