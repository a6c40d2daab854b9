-- Pause a channel: its subscriptions end, nobody may subscribe and nothing is recorded, until
-- resume_channel. Clients that come back then are told to resync. Audited by the triggers of the
-- registry.

create or replace function wedsync_realtime.pause_channel(name text)
    returns integer
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '2s'
as $$
declare
    v_before integer;
begin
    select count(*)::integer into v_before
    from public.realtime_subscriptions as s where s.channel_name = pause_channel.name;
    perform wedsync_realtime.enable_channel(name, false);
    return v_before - (
        select count(*)::integer
        from public.realtime_subscriptions as s where s.channel_name = pause_channel.name
    );
end
$$;

comment on function wedsync_realtime.pause_channel(text) is
'Pause a channel until resume_channel(); returns how many subscriptions it ended.';
revoke execute on function wedsync_realtime.pause_channel(text)
from public, anon, authenticated, service_role;
