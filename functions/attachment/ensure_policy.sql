-- Give a table a policy, unless it has the same already: replacing one locks out everybody who
-- reads the table, and writers read some. Two policies are compared as the server prints them, for
-- which the wanted one is made on an empty copy of the table.

create or replace function wedsync_realtime.ensure_policy(
    relation   regclass,
    name       text,
    definition text,
    note       text
)
    returns boolean
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_copy regclass;
    v_is_wanted boolean := false;
begin
    if exists (
        select from pg_policy as p
        where p.polrelid = relation and p.polname = ensure_policy.name
    )
    then
        execute format('create temporary table wanted_policy (like %s)', relation);
        v_copy := to_regclass('pg_temp.wanted_policy');
        execute format('create policy %I on %s %s', name, v_copy, definition);
        v_is_wanted := (
            select count(distinct (
                p.polcmd, p.polpermissive, array(select r from unnest(p.polroles) as r order by r),
                pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
            )) = 1
            from pg_policy as p
            where p.polrelid in (relation, v_copy) and p.polname = ensure_policy.name
        );
        drop table pg_temp.wanted_policy;
    end if;
    if not v_is_wanted then
        execute format('drop policy if exists %I on %s', name, relation);
        execute format('create policy %I on %s %s', name, relation, definition);
    end if;
    execute format('comment on policy %I on %s is %L', name, relation, note);
    return not v_is_wanted;
end
$$;

comment on function wedsync_realtime.ensure_policy(regclass, text, text, text) is
'Give a table a policy, unless it has the same already; whether it had to.';
revoke execute on function wedsync_realtime.ensure_policy(regclass, text, text, text)
from public, anon, authenticated, service_role;
