-- Tell whoever listens to a channel that there is something to resync: wake those that poll,
-- send to those that take broadcasts.

create or replace function wedsync_realtime.tell_resync(channel_id smallint, reason text)
    returns void
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_notify('wedsync_realtime', c.name || ':' || t.tenant_id)
    from wedsync_realtime.topics as t
    inner join wedsync_realtime.channels as c on c.id = t.channel_id
    cross join wedsync_realtime.settings as s
    where t.channel_id = tell_resync.channel_id and s.notify_enabled;
    perform wedsync_realtime.broadcast_events(tell_resync.channel_id, null, null, reason)
    from wedsync_realtime.settings as s
    where s.broadcast_enabled;
end
$$;

comment on function wedsync_realtime.tell_resync(smallint, text) is
'Wake the clients of a channel and broadcast that they must resync.';
revoke execute on function wedsync_realtime.tell_resync(smallint, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.tell_resync(smallint, text)
to wedsync_realtime_owner;
