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
    v_found bigint;
begin
    execute format('create temporary table wanted_policy (like %s)', relation);
    v_copy := to_regclass('pg_temp.wanted_policy');
    execute format('create policy %I on %s %s', name, v_copy, definition);
    select count(distinct (
        p.polcmd, p.polpermissive, array(select r from unnest(p.polroles) as r order by r),
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
    )) * 2 - count(*)
    into v_found
    from pg_policy as p
    where p.polname = ensure_policy.name and p.polrelid in (relation, v_copy);
    drop table pg_temp.wanted_policy;
    -- one alike makes 0, a different one 2, none 1
    if v_found <> 0 then
        execute format('drop policy if exists %I on %s', name, relation);
        execute format('create policy %I on %s %s', name, relation, definition);
    end if;
    execute format('comment on policy %I on %s is %L', name, relation, note);
    return v_found <> 0;
end
$$;

comment on function wedsync_realtime.ensure_policy(regclass, text, text, text) is
'Give a table a policy, unless it has the same already; whether it had to.';
revoke execute on function wedsync_realtime.ensure_policy(regclass, text, text, text)
from public, anon, authenticated, service_role;
