-- Write what a relay is told of a lease that ended, or left its subject: whose connection may no
-- longer listen there.

create or replace function wedsync_realtime.ending_notice(
    topic_id      bigint,
    channel_id    text,
    user_id       uuid,
    connection_id uuid,
    filter_id     text,
    reason        text
)
    returns wedsync_realtime.notices
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_notice wedsync_realtime.notices;
begin
    v_notice.topic_id := ending_notice.topic_id;
    select wedsync_realtime.subject(c.name, t.tenant_id, ending_notice.filter_id)
    into v_notice.subject
    from wedsync_realtime.topics as t
    inner join wedsync_realtime.channels as c on c.id = t.channel_id
    where t.id = ending_notice.topic_id;
    v_notice.body := jsonb_build_object(
        'userId', ending_notice.user_id, 'connectionId', ending_notice.connection_id,
        'channel', ending_notice.channel_id, 'subject', v_notice.subject,
        'reason', ending_notice.reason
    );
    return v_notice;
end
$$;

comment on function wedsync_realtime.ending_notice(bigint, text, uuid, uuid, text, text) is
'What a relay is told of a subscription that ended.';
revoke execute on function wedsync_realtime.ending_notice(bigint, text, uuid, uuid, text, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.ending_notice(bigint, text, uuid, uuid, text, text)
to wedsync_realtime_owner;
