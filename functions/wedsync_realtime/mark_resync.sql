-- Note that the feed of a channel cannot carry what has happened: its clients must read their
-- copies anew. One row for all topics, because a writer with an old snapshot does not see every
-- topic.

create or replace function wedsync_realtime.mark_resync(channel_id smallint, reason text)
    returns void
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into wedsync_realtime.resets (channel_id, reason)
    values (mark_resync.channel_id, mark_resync.reason);
    perform pg_notify('wedsync_realtime', c.name || ':' || t.tenant_id)
    from wedsync_realtime.topics as t
    inner join wedsync_realtime.channels as c on c.id = t.channel_id
    cross join wedsync_realtime.settings as s
    where t.channel_id = mark_resync.channel_id and s.notify_enabled;
end
$$;

comment on function wedsync_realtime.mark_resync(smallint, text) is
'Make the clients of a channel resync, with the reason that they are told.';
revoke execute on function wedsync_realtime.mark_resync(smallint, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.mark_resync(smallint, text)
to wedsync_realtime_owner;
