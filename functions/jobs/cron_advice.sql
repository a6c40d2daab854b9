-- Say in one line why pg_cron does not run the jobs, and what to run; empty where it does. What
-- only a superuser can see of the server's settings is told to a superuser.

create or replace function wedsync_realtime.cron_advice()
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_otherwise constant text := 'keep make maintain EVERY=60 running';
    v_can_see constant boolean := pg_has_role('pg_read_all_settings', 'usage');
    v_database constant text := wedsync_realtime.cron_database();
    v_extension pg_available_extensions;
    v_owner text;
begin
    select e.* into v_extension from pg_available_extensions as e where e.name = 'pg_cron';
    select pg_get_userbyid(n.nspowner)::text into v_owner
    from pg_namespace as n
    where n.nspname = 'wedsync_realtime';
    if v_extension.installed_version is not null then
        if wedsync_realtime.can_schedule(v_owner) then
            return '';
        end if;
        return format(
            'pg_cron runs no job: as a superuser run "grant usage on schema cron to %1$I'
            || case
                when has_schema_privilege(v_owner, 'cron', 'usage') then
                    '; grant select on cron.job to %1$I'
                    '; grant execute on all functions in schema cron to %1$I'
                else ''
            end
            || '" and then make migrate, or %2$s.', v_owner, v_otherwise
        );
    elsif v_extension.name is null then
        return format('This server has no pg_cron: %s.', v_otherwise);
    elsif v_can_see and v_database is null then
        return format(
            'pg_cron is not loaded: put "shared_preload_libraries = ''%s''" and '
            '"cron.database_name = ''%s''" into postgresql.conf, restart the server and run make '
            'migrate, or %s.',
            concat_ws(', ', nullif(current_setting('shared_preload_libraries'), ''), 'pg_cron'),
            replace(current_database(), '''', ''''''), v_otherwise
        );
    elsif v_database <> current_database() then
        return format('pg_cron works in database %s alone: %s.', v_database, v_otherwise);
    end if;
    return format(
        'pg_cron is not in this database: as a superuser run "create extension pg_cron; grant '
        'usage on schema cron to %I" and then make migrate, or %s.', v_owner, v_otherwise
    );
end
$$;

comment on function wedsync_realtime.cron_advice() is
'Why pg_cron does not run the jobs, and what to run; empty where it does.';
revoke execute on function wedsync_realtime.cron_advice()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.cron_advice()
to wedsync_realtime_owner;
