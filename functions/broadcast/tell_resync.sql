-- Tell whoever listens to a channel that there is something to resync: wake those that poll,
-- send to those that take broadcasts. Their next poll tells them all the same, by the row itself:
-- so where dispatch is guarded an error in telling is noted, and does not reach the writer.

create or replace function wedsync_realtime.tell_resync()
    returns trigger
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
    where t.channel_id = new.channel_id and s.notify_enabled;
    perform wedsync_realtime.broadcast_events(new.channel_id, null, null, new.reason)
    from wedsync_realtime.settings as s
    where s.broadcast_enabled;
    return null;
exception
    when others then
        if (select not s.dispatch_guarded from wedsync_realtime.settings as s) then
            raise;
        end if;
        perform wedsync_realtime.note_failure(
            new.channel_id, 'dispatch', sqlstate,
            format('clients were not told to resync: %s', sqlerrm), 0
        );
        return null;
end
$$;

comment on function wedsync_realtime.tell_resync() is
'Trigger: wake the clients of a channel and broadcast that they must resync.';
revoke execute on function wedsync_realtime.tell_resync()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.tell_resync()
to wedsync_realtime_owner;
