-- Say why this role may not add what a table lacks, and what to run so that it may; null when it
-- may. place is that of missing_attachments: 3 is the publication's, 4 and above the users'.

create or replace function wedsync_realtime.attachment_obstacle(relation regclass, place integer)
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_owner oid := (select c.relowner from pg_class as c where c.oid = relation);
begin
    if place >= 4 then
        return (
            select format(
                'subscriptions outlive users who are deleted: as %s or a superuser run "grant '
                'usage on schema %I to %3$I; grant references on %4$s to %3$I"',
                quote_ident(pg_get_userbyid(v_owner)), n.nspname, current_user, relation
            )
            from pg_class as c
            inner join pg_namespace as n on n.oid = c.relnamespace
            where
                c.oid = relation
                and not (
                    has_schema_privilege(n.oid, 'usage')
                    and has_any_column_privilege(relation, 'references')
                )
        );
    elsif not pg_has_role(v_owner, 'usage') then
        return format(
            '%s belongs to %I: as a superuser run "grant %2$I to %3$I"',
            relation, pg_get_userbyid(v_owner), current_user
        );
    elsif place = 3 and not exists (
        select from pg_publication as p
        where p.pubname = 'supabase_realtime' and pg_has_role(p.pubowner, 'usage')
    ) then
        return format(
            'postgres_changes does not tell of %s: as a superuser run "%salter publication '
            'supabase_realtime add table %1$s"', relation,
            case
                when not exists (
                    select from pg_publication as p where p.pubname = 'supabase_realtime'
                ) then 'create publication supabase_realtime; '
            end
        );
    end if;
    return null;
end
$$;

comment on function wedsync_realtime.attachment_obstacle(regclass, integer) is
'Why this role may not add what a table lacks, and what to run so that it may; null when it may.';
revoke execute on function wedsync_realtime.attachment_obstacle(regclass, integer)
from public, anon, authenticated, service_role;
