-- 0001 roles: the API roles where they are absent, the owner of definer functions, the monitor.
-- Undo: by uninstall alone (drops the roles that nothing else uses).

do $$
declare
    v_role text;
begin
    foreach v_role in array array[
        'anon', 'authenticated', 'service_role',
        'wedsync_realtime_owner', 'wedsync_realtime_monitor'
    ] loop
        if not exists (select from pg_catalog.pg_roles r where r.rolname = v_role) then
            begin
                execute format('create role %I nologin noinherit', v_role);
            exception
                -- another database of this cluster created it at the same moment
                when duplicate_object or unique_violation then null;
            end;
        end if;
    end loop;

    -- to hand functions to the owner, anybody but a superuser must be able to become it; whoever
    -- may not grant that keeps the functions
    if not (select r.rolsuper from pg_catalog.pg_roles as r where r.rolname = current_user) then
        begin
            execute format(
                'grant wedsync_realtime_owner to %I%s', current_user,
                case
                    when current_setting('server_version_num')::integer >= 160000
                        then ' with inherit true, set true'
                end
            );
        exception
            when insufficient_privilege then null;
        end;
    end if;
end
$$;

grant usage on schema wedsync_realtime to authenticated;
grant usage on schema wedsync_realtime to service_role;
grant usage on schema wedsync_realtime to wedsync_realtime_owner;
grant usage on schema wedsync_realtime to wedsync_realtime_monitor;
grant usage on schema public to wedsync_realtime_owner;
grant usage on schema public to anon;
grant usage on schema public to authenticated;
grant usage on schema public to service_role;
grant usage on schema public to wedsync_realtime_monitor;
