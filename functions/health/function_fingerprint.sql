-- Sum up a function so that any change of it shows: body, attributes, who may call it. Owners are
-- left out, which health() looks at by themselves.

create or replace function wedsync_realtime.function_fingerprint(function oid)
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select md5(concat_ws(
            '/', p.prosrc, p.prokind, p.prosecdef, p.proisstrict, p.provolatile, p.proparallel,
            p.proconfig::text, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
            (
                select string_agg(
                    format('%s %s', g.grantee::regrole, g.privilege_type), ','
                    -- not by oid, which is another where the roles were restored
                    order by g.grantee::regrole::text collate "C"
                )
                from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as g
                where g.grantee <> p.proowner
            )
        ))
        from pg_proc as p
        where p.oid = function
    );
end
$$;

comment on function wedsync_realtime.function_fingerprint(oid) is
'Hash of a function''s body, attributes and grants.';
revoke execute on function wedsync_realtime.function_fingerprint(oid)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.function_fingerprint(oid)
to wedsync_realtime_owner;
