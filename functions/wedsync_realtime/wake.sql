-- Wake the listeners of topics, unless that is switched off.

create or replace function wedsync_realtime.wake(topics text[])
    returns void
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_notify('wedsync_realtime', t)
    from unnest(topics) as t
    cross join wedsync_realtime.settings as s
    where s.notify_enabled;
end
$$;

comment on function wedsync_realtime.wake(text[]) is
'Wake the listeners of topics, unless settings.notify_enabled is off.';
revoke execute on function wedsync_realtime.wake(text[])
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.wake(text[])
to wedsync_realtime_owner;
