-- Compile anew what a change of the registry, the rules or the settings concerns.

create or replace function wedsync_realtime.compile_changed()
    returns trigger
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform wedsync_realtime.compile_channel(c)
    from wedsync_realtime.channels as c
    where wedsync_realtime.channel_table(c) is not null;
    return null;
end
$$;

comment on function wedsync_realtime.compile_changed() is
'Trigger: compile the channels anew.';
revoke execute on function wedsync_realtime.compile_changed()
from public, anon, authenticated, service_role;
