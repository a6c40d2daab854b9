-- Switch a channel on or off; false when it was so already. Its triggers do the rest.

create or replace function wedsync_realtime.enable_channel(name text, is_enabled boolean)
    returns boolean
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select from wedsync_realtime.channels as c where c.name = enable_channel.name
    ) then
        raise exception 'unknown channel %', quote_nullable(name)
            using errcode = 'invalid_parameter_value',
            hint = (
                select 'Channels: ' || string_agg(c.name, ', ' order by c.name)
                from wedsync_realtime.channels as c
            );
    end if;
    update wedsync_realtime.channels as c
    set is_enabled = enable_channel.is_enabled
    where c.name = enable_channel.name and c.is_enabled <> enable_channel.is_enabled;
    return found;
end
$$;

comment on function wedsync_realtime.enable_channel(text, boolean) is
'Switch a channel on or off; the body of pause_channel and resume_channel.';
revoke execute on function wedsync_realtime.enable_channel(text, boolean)
from public, anon, authenticated, service_role;
