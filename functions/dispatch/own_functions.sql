-- Hand every definer function to wedsync_realtime_owner, so that it has that role's few
-- privileges and no more. Where the deploying role may not become it, it keeps the functions
-- itself. Three stay with the deploying role in any case, because Supabase lets
-- it do what the owner role may not: broadcast_events inserts past the row policies of
-- realtime.messages, lock_user locks a row of auth.users, open_transactions is told of others'
-- sessions.

create or replace function wedsync_realtime.own_functions()
    returns integer
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_function regprocedure;
    v_handed integer := 0;
begin
    -- to become it for the moment of handing over, and to replace the functions later
    if not (
        pg_has_role('wedsync_realtime_owner', 'usage')
        and pg_has_role('wedsync_realtime_owner', case
            when current_setting('server_version_num')::integer < 160000 then 'member' else 'set'
        end)
    ) then
        return 0;
    end if;
    for v_function in
        select p.oid::regprocedure
        from pg_proc as p
        where
            p.pronamespace = 'wedsync_realtime'::regnamespace
            and p.prosecdef
            and p.proname not in ('broadcast_events', 'lock_user', 'open_transactions')
            and p.proowner <> 'wedsync_realtime_owner'::regrole
    loop
        if v_handed = 0 then
            -- a new owner must be allowed to create in the schema, for this moment only
            grant create on schema wedsync_realtime to wedsync_realtime_owner;
        end if;
        execute format('alter function %s owner to wedsync_realtime_owner', v_function);
        v_handed := v_handed + 1;
    end loop;
    if v_handed > 0 then
        revoke create on schema wedsync_realtime from wedsync_realtime_owner;
    end if;
    return v_handed;
end
$$;

comment on function wedsync_realtime.own_functions() is
'Hand every definer function to wedsync_realtime_owner; returns how many were handed over.';
revoke execute on function wedsync_realtime.own_functions()
from public, anon, authenticated, service_role;
