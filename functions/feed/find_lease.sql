-- Find a caller's lease by its channel id, with all that a poll needs to know besides. Look-ups
-- by key, because a join of them takes longer: it forms the row anew at every step. Whether the
-- caller may hear the channel is decided anew. Without such a lease only the secret is known.
-- What a job has noted of this server spares reading its control file.

create or replace function wedsync_realtime.find_lease(user_id uuid, channel text)
    returns wedsync_realtime.lease
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_row public.realtime_subscriptions;
    v_topic wedsync_realtime.topics;
    v_channel wedsync_realtime.channels;
    v_settings wedsync_realtime.settings;
    v_feed wedsync_realtime.feed_horizon;
    v_may_hear boolean;
    v_reset xid8;
begin
    select x.* into v_settings from wedsync_realtime.settings as x;
    select s.* into v_row
    from public.realtime_subscriptions as s
    where s.user_id = find_lease.user_id and s.channel_id = find_lease.channel;
    if not found then
        v_feed.epoch := wedsync_realtime.epoch();
    else
        select t.* into v_topic from wedsync_realtime.topics as t where t.id = v_row.topic_id;
        select c.* into v_channel
        from wedsync_realtime.channels as c
        where c.id = v_topic.channel_id;
        v_may_hear := wedsync_realtime.may_hear(
            find_lease.user_id, v_topic.channel_id, v_topic.tenant_id
        );
        if pg_sequence_last_value('wedsync_realtime.resets_id_seq') is not null then
            v_reset := wedsync_realtime.last_reset(v_topic.channel_id);
        end if;
        select f.* into v_feed from wedsync_realtime.feed_horizon as f;
        if not exists (select from wedsync_realtime.known_server) then
            v_feed.epoch := wedsync_realtime.epoch();
            v_feed.durable_xid := wedsync_realtime.durable_xid();
        end if;
    end if;
    return row(
        v_row.id, v_row.last_ping_at, v_row.since, v_row.filter_params,
        v_topic.id, v_topic.tenant_id, v_topic.channel_id, v_topic.is_ready, v_may_hear,
        v_channel.name || ':' || v_topic.tenant_id, v_channel.schema_name, v_channel.table_name,
        v_reset, v_feed.max_xid, v_feed.dropped, v_settings.stale_after,
        v_settings.cursor_secret, v_settings.event_bytes, v_feed.epoch, v_feed.durable_xid,
        v_settings.replay_events, null::bigint
    );
end
$$;

comment on function wedsync_realtime.find_lease(uuid, text) is
'Lease of a caller by its channel id, with all that a poll needs; its id is null without one.';
revoke execute on function wedsync_realtime.find_lease(uuid, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.find_lease(uuid, text)
to wedsync_realtime_owner;
