-- Compile anew what a change concerns: the channel of a row of the registry, or all channels where
-- rules or settings changed.

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
    where
        (tg_level = 'STATEMENT' or c.id = (to_jsonb(new) ->> 'id')::smallint)
        and wedsync_realtime.channel_table(c) is not null;
    return null;
end
$$;

comment on function wedsync_realtime.compile_changed() is
'Trigger: compile the channel of a row anew, or all channels.';
revoke execute on function wedsync_realtime.compile_changed()
from public, anon, authenticated, service_role;
