-- Let a paused channel go on: clients may subscribe again, and are told to resync.

create or replace function wedsync_realtime.resume_channel(name text)
    returns boolean
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '2s'
as $$
begin
    return wedsync_realtime.enable_channel(name, true);
end
$$;

comment on function wedsync_realtime.resume_channel(text) is
'Let a paused channel go on; false when it was not paused.';
revoke execute on function wedsync_realtime.resume_channel(text)
from public, anon, authenticated, service_role;
