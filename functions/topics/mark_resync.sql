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
    perform wedsync_realtime.tell_resync(mark_resync.channel_id, mark_resync.reason);
end
$$;

comment on function wedsync_realtime.mark_resync(smallint, text) is
'Make the clients of a channel resync, with the reason that they are told.';
revoke execute on function wedsync_realtime.mark_resync(smallint, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.mark_resync(smallint, text)
to wedsync_realtime_owner;
