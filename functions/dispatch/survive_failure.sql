-- Let a write survive an error in dispatch: count it, and make the clients of the channel resync.
-- When not even that can be noted the error is raised: a write that nobody is told of must fail.
-- Once a transaction is enough.

create or replace function wedsync_realtime.survive_failure(
    channel_id smallint,
    code       text,
    message    text
)
    returns void
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if wedsync_realtime.note_failure(channel_id, 'dispatch', code, message) = 1 then
        insert into wedsync_realtime.resets (channel_id, reason)
        values (survive_failure.channel_id, 'dispatch_failed');
    end if;
end
$$;

comment on function wedsync_realtime.survive_failure(smallint, text, text) is
'Count an error in dispatch and make the clients of its channel resync.';
revoke execute on function wedsync_realtime.survive_failure(smallint, text, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.survive_failure(smallint, text, text)
to wedsync_realtime_owner;
