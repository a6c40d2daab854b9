-- health(): who owns the definer functions, because they run with their owners' rights.

create or replace function wedsync_realtime.health_owners()
    returns table (name text, status text, value text, advice text, sql text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        'function_owners', case when count(*) > 0 then 'warn' else 'ok' end,
        coalesce(
            left(string_agg(format('%s: %s', p.proname, p.proowner::regrole), ', '), 1000),
            'as they should be'
        ),
        case
            when count(*) > 0
                then 'They run with more rights than they need. Let the role that deploys hand '
                    'them over, or deploy as one that may.'
            else ''
        end,
        case when count(*) > 0 then 'select wedsync_realtime.own_functions()' else '' end
    from pg_proc as p
    where
        p.pronamespace = 'wedsync_realtime'::regnamespace
        and p.prosecdef
        and p.proname <> all (array['broadcast_events', 'lock_user', 'open_transactions'])
        and p.proowner <> 'wedsync_realtime_owner'::regrole;
end
$$;

comment on function wedsync_realtime.health_owners() is 'health(): owners of functions.';
revoke execute on function wedsync_realtime.health_owners()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.health_owners()
to wedsync_realtime_owner;
