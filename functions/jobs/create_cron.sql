-- Create pg_cron where it can be had: this role may, and the server has it loaded for this
-- database. A superuser may, and on Supabase whoever supautils creates the extension for. What is
-- in the way is told by cron_advice(). The comment is the mark by which uninstall knows it; on
-- Supabase the extension belongs to somebody else, and stays.

create or replace function wedsync_realtime.create_cron()
    returns boolean
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_owner text;
begin
    if
        current_setting('wedsync_realtime.no_cron', true) = 'on'
        or not exists (
            select from pg_available_extensions as e
            where e.name = 'pg_cron' and e.installed_version is null
        )
        or not (
            exists (select from pg_roles as r where r.rolname = current_user and r.rolsuper)
            or current_setting('supautils.privileged_extensions', true) ~ '\mpg_cron\M'
        )
        or wedsync_realtime.cron_database() is distinct from current_database()
    then
        return false;
    end if;
    begin
        create extension pg_cron with schema pg_catalog;
    exception
        when others then -- a deployment does without
            raise warning 'pg_cron was not created: %', sqlerrm;
            return false;
    end;
    begin
        comment on extension pg_cron is 'Job scheduler for PostgreSQL, created by wedsync-realtime';
        select pg_get_userbyid(n.nspowner)::text into v_owner
        from pg_namespace as n
        where n.nspname = 'wedsync_realtime' and pg_get_userbyid(n.nspowner) <> current_user;
        if v_owner is not null then
            execute format('grant usage on schema cron to %I', v_owner);
        end if;
    exception
        when insufficient_privilege then
            null;
    end;
    return true;
end
$$;

comment on function wedsync_realtime.create_cron() is
'Create pg_cron where this role may and the server has it loaded for this database, unless '
'wedsync_realtime.no_cron is on; false where it does not.';
revoke execute on function wedsync_realtime.create_cron()
from public, anon, authenticated, service_role;
