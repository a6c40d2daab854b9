-- Put a mark into the feed of every hot topic of a channel, at which clients must read their
-- copy anew.

create or replace function wedsync_realtime.mark_resync(channel_id smallint, reason text)
    returns void
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_topics text[];
begin
    with marked as (
        insert into wedsync_realtime.events (tenant_id, channel_id, operation, event)
        select t.tenant_id, t.channel_id, 'R', mark_resync.reason
        from wedsync_realtime.topics as t
        where t.channel_id = mark_resync.channel_id
        returning events.tenant_id
    )
    select array_agg(c.name || ':' || m.tenant_id) into v_topics
    from marked as m
    inner join wedsync_realtime.channels as c on c.id = mark_resync.channel_id;
    perform wedsync_realtime.wake(v_topics);
end
$$;

comment on function wedsync_realtime.mark_resync(smallint, text) is
'Make the clients of a channel resync, with the reason that they are told.';
revoke execute on function wedsync_realtime.mark_resync(smallint, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.mark_resync(smallint, text)
to wedsync_realtime_owner;
