-- Tell relays of leases that ended, or left their subjects: whose connections may no longer listen
-- there. One place in each array is a lease.

create or replace function wedsync_realtime.tell_endings(
    topic_ids      bigint[],
    channel_ids    text[],
    user_ids       uuid[],
    connection_ids uuid[],
    filter_ids     text[],
    reason         text,
    seen           pg_snapshot
)
    returns void
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into wedsync_realtime.notices (topic_id, seen, subject, body)
    select
        l.topic_id, tell_endings.seen, l.subject,
        jsonb_build_object(
            'userId', l.user_id, 'connectionId', l.connection_id, 'channel', l.channel_id,
            'subject', l.subject, 'reason', tell_endings.reason
        )
    from (
        select
            o.*,
            -- as subject() does, whose call would take as long as all else
            concat_ws('.', 'wedsync.event', c.name, t.tenant_id, o.filter_id) as subject
        from unnest(topic_ids, channel_ids, user_ids, connection_ids, filter_ids)
            as o (topic_id, channel_id, user_id, connection_id, filter_id)
        inner join wedsync_realtime.topics as t on t.id = o.topic_id
        inner join wedsync_realtime.channels as c on c.id = t.channel_id
    ) as l;
end
$$;

comment on function wedsync_realtime.tell_endings(
    bigint[], text[], uuid[], uuid[], text[], text, pg_snapshot
) is
'Tell relays of subscriptions that ended.';
revoke execute on function wedsync_realtime.tell_endings(
    bigint[], text[], uuid[], uuid[], text[], text, pg_snapshot
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.tell_endings(
    bigint[], text[], uuid[], uuid[], text[], text, pg_snapshot
)
to wedsync_realtime_owner;
