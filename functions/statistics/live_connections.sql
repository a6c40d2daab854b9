-- Who listens to what, one row a subscription.

create or replace view wedsync_realtime.live_connections as
select
    s.user_id,
    s.connection_id,
    s.channel_name as channel,
    s.channel_id,
    s.channel_name || ':' || t.tenant_id as topic,
    s.tenant_id,
    wedsync_realtime.tenant_name(s.tenant_id) as tenant_name,
    s.created_at as since,
    s.last_ping_at,
    s.last_ping_at + x.stale_after as expires_at,
    s.last_ping_at <= x.alive_since as is_expired,
    n.created_at as last_event_at,
    greatest(n.created_at - s.last_ping_at, interval '0') as lag,
    (
        select count(*)
        from wedsync_realtime.events as e
        where
            e.tenant_id = t.tenant_id
            and e.channel_id = t.channel_id
            and e.created_at >= s.created_at
    ) as events_sent
from wedsync_realtime.topics as t
left join lateral (
    select e.created_at
    from wedsync_realtime.events as e
    where e.tenant_id = t.tenant_id and e.channel_id = t.channel_id
    order by e.xid desc
    limit 1
) as n on true
inner join public.realtime_subscriptions as s on t.id = s.topic_id
cross join (
    -- by offset kept from being worked out anew for every subscription
    select
        z.stale_after,
        statement_timestamp() - z.stale_after as alive_since
    from wedsync_realtime.settings as z
    order by z.id
    offset 0
) as x;

comment on view wedsync_realtime.live_connections is
'Who listens to what, one row a subscription. Cheap in any order of any column but tenant_name '
'and events_sent, which are counted for each row that is shown: give a limit.';
comment on column wedsync_realtime.live_connections.user_id is 'Who listens.';
comment on column wedsync_realtime.live_connections.connection_id is
'Client connection, as the client named it.';
comment on column wedsync_realtime.live_connections.channel is 'Channel.';
comment on column wedsync_realtime.live_connections.channel_id is
'Id of the subscription in calls and in the audit.';
comment on column wedsync_realtime.live_connections.topic is 'Topic: channel and whose rows.';
comment on column wedsync_realtime.live_connections.tenant_id is
'Supplier or couple of the user: whose limit it counts against.';
comment on column wedsync_realtime.live_connections.tenant_name is 'Name of that.';
comment on column wedsync_realtime.live_connections.since is 'When it began.';
comment on column wedsync_realtime.live_connections.last_ping_at is
'Last ping or poll; a poll renews it when it is a fifth of settings.stale_after old.';
comment on column wedsync_realtime.live_connections.expires_at is
'When it expires without another.';
comment on column wedsync_realtime.live_connections.is_expired is
'It has expired, and waits for cleanup.';
comment on column wedsync_realtime.live_connections.last_event_at is
'Newest event of its topic in the retained feed.';
comment on column wedsync_realtime.live_connections.lag is
'How far the last ping or poll is behind that event, 0 when it came after it. Below a fifth of '
'settings.stale_after it says nothing.';
comment on column wedsync_realtime.live_connections.events_sent is
'Events of its topic since it began, filters aside; those within lag may not have arrived.';
revoke all on wedsync_realtime.live_connections from public, anon, authenticated, service_role;
grant select on wedsync_realtime.live_connections
to wedsync_realtime_monitor, wedsync_realtime_owner;
