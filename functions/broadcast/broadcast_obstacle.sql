-- Say why messages that this role sends would be refused by the row policies of
-- realtime.messages, which realtime.send turns into a warning that nobody sees, and what to run;
-- null where they would not, or where there is no such table.

create or replace function wedsync_realtime.broadcast_obstacle()
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select case
            when not has_schema_privilege(n.oid, 'usage') then format(
                'as a superuser run "grant usage on schema realtime to %1$I; grant select, insert '
                'on realtime.messages to %1$I"', current_user
            )
            when not has_table_privilege(c.oid, 'insert') then format(
                'as a superuser run "grant select, insert on realtime.messages to %I"',
                current_user
            )
            when
                c.relrowsecurity
                and not r.rolsuper and not r.rolbypassrls
                and (c.relforcerowsecurity or not pg_has_role(c.relowner, 'usage'))
                then format(
                    '%I may not insert past the row level security of realtime.messages: as a '
                    'superuser run "alter role %1$I bypassrls"', current_user
                )
        end
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace and n.nspname = 'realtime'
        inner join pg_roles as r on r.rolname = current_user
        where c.relname = 'messages'
    );
end
$$;

comment on function wedsync_realtime.broadcast_obstacle() is
'Why broadcasts of this role would be refused, and what to run; null where they would not.';
revoke execute on function wedsync_realtime.broadcast_obstacle()
from public, anon, authenticated, service_role;
