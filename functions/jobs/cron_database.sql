-- Tell the database that pg_cron works in; null where it is not loaded, or where this role may not
-- read the server's settings.

create or replace function wedsync_realtime.cron_database()
    returns text
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select s.setting from pg_settings as s where s.name = 'cron.database_name';
$$;

comment on function wedsync_realtime.cron_database() is
'Database that pg_cron works in; null where it is not loaded, or this role may not know.';
revoke execute on function wedsync_realtime.cron_database()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.cron_database()
to wedsync_realtime_owner;
