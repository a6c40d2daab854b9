-- Refuse a new name for a channel: clients, topics and the compiled trigger functions know it by
-- the old one.

create or replace function wedsync_realtime.keep_channel_name()
    returns trigger
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'channel % cannot be renamed', old.name
        using errcode = 'feature_not_supported',
        hint = 'Unregister it and register a channel with the new name.';
end
$$;

comment on function wedsync_realtime.keep_channel_name() is
'Trigger: refuse a new name for a channel.';
revoke execute on function wedsync_realtime.keep_channel_name()
from public, anon, authenticated, service_role;
