-- 0013 metrics: what the metrics job adds up, so that no view has to count the feed.
-- Undo: drop table wedsync_realtime.metrics_history, wedsync_realtime.metrics_horizon,
-- wedsync_realtime.channel_minutes, wedsync_realtime.topic_quarters (loses the history).

create table wedsync_realtime.metrics_horizon (
    id             boolean not null default true,
    epoch          text,
    seen           pg_snapshot not null default pg_current_snapshot(),
    seen_before    pg_snapshot not null default pg_current_snapshot(),
    counted_at     timestamptz not null default now(),
    activity_until timestamptz not null default date_trunc('minute', now()),
    constraint metrics_horizon_pkey primary key (id),
    constraint metrics_horizon_id_check check (id)
);

comment on table wedsync_realtime.metrics_horizon is
'How far the metrics job has counted, one row; views add what came since.';
comment on column wedsync_realtime.metrics_horizon.id is 'Always true: there is one row.';
comment on column wedsync_realtime.metrics_horizon.epoch is
'History of the database that the snapshots belong to, as epoch() names it.';
comment on column wedsync_realtime.metrics_horizon.seen is 'Events that have been counted.';
comment on column wedsync_realtime.metrics_horizon.seen_before is
'Events that had been counted a minute ago or earlier.';
comment on column wedsync_realtime.metrics_horizon.counted_at is 'When seen was taken.';
comment on column wedsync_realtime.metrics_horizon.activity_until is
'Activity before this has been counted.';

create table wedsync_realtime.metrics_history (
    sampled_at        timestamptz not null,
    seconds           double precision not null,
    connections       bigint not null,
    subscriptions     bigint not null,
    tenants           bigint not null,
    hot_topics        bigint not null,
    unready_topics    bigint not null,
    events            bigint not null,
    refusals          bigint not null,
    subscribes        bigint not null,
    expired           bigint not null,
    dispatch_failures bigint not null,
    lagging           bigint not null,
    max_lag           interval not null,
    feed_bytes        bigint not null,
    rpc               jsonb not null,
    constraint metrics_history_pkey primary key (sampled_at)
);

comment on table wedsync_realtime.metrics_history is
'State and traffic, one row a minute, kept for settings.metrics_retention.';
comment on column wedsync_realtime.metrics_history.sampled_at is 'When it was taken.';
comment on column wedsync_realtime.metrics_history.seconds is
'Time since the row before; 0 in the first.';
comment on column wedsync_realtime.metrics_history.connections is
'Connections with a live subscription.';
comment on column wedsync_realtime.metrics_history.subscriptions is 'Live subscriptions.';
comment on column wedsync_realtime.metrics_history.tenants is
'Suppliers and couples with a live subscription.';
comment on column wedsync_realtime.metrics_history.hot_topics is 'Topics that are recorded.';
comment on column wedsync_realtime.metrics_history.unready_topics is
'Topics whose first copy may not be read yet.';
comment on column wedsync_realtime.metrics_history.events is
'Events committed since the row before.';
comment on column wedsync_realtime.metrics_history.refusals is
'Calls refused in the minutes that were complete since the row before.';
comment on column wedsync_realtime.metrics_history.subscribes is
'Subscriptions begun or renewed in those minutes.';
comment on column wedsync_realtime.metrics_history.expired is
'Subscriptions that expired in those minutes.';
comment on column wedsync_realtime.metrics_history.dispatch_failures is
'Failures of dispatch within the retained feed.';
comment on column wedsync_realtime.metrics_history.lagging is
'Live subscriptions that are behind their topic by a minute or more.';
comment on column wedsync_realtime.metrics_history.max_lag is
'How far the last of them is behind.';
comment on column wedsync_realtime.metrics_history.feed_bytes is 'Size of the feed on disk.';
comment on column wedsync_realtime.metrics_history.rpc is
'Calls and seconds of each RPC since statistics were reset; empty without track_functions.';

create table wedsync_realtime.channel_minutes (
    minute     timestamptz not null,
    channel_id smallint not null,
    events     bigint not null,
    constraint channel_minutes_pkey primary key (channel_id, minute)
) with (fillfactor = 90);

comment on table wedsync_realtime.channel_minutes is 'Events of each channel by the minute.';
comment on column wedsync_realtime.channel_minutes.minute is 'Minute of recording.';
comment on column wedsync_realtime.channel_minutes.channel_id is 'Channel.';
comment on column wedsync_realtime.channel_minutes.events is 'How many have been committed.';

create table wedsync_realtime.topic_quarters (
    quarter    timestamptz not null,
    tenant_id  uuid not null,
    channel_id smallint not null,
    events     bigint not null,
    constraint topic_quarters_pkey primary key (tenant_id, channel_id, quarter)
) with (fillfactor = 80);

comment on table wedsync_realtime.topic_quarters is
'Events of each topic by the quarter of an hour, kept for a day.';
comment on column wedsync_realtime.topic_quarters.quarter is 'Quarter of an hour of recording.';
comment on column wedsync_realtime.topic_quarters.tenant_id is 'Supplier or couple.';
comment on column wedsync_realtime.topic_quarters.channel_id is 'Channel.';
comment on column wedsync_realtime.topic_quarters.events is 'How many have been committed.';

alter table wedsync_realtime.metrics_horizon enable row level security;
alter table wedsync_realtime.metrics_history enable row level security;
alter table wedsync_realtime.channel_minutes enable row level security;
alter table wedsync_realtime.topic_quarters enable row level security;
insert into wedsync_realtime.metrics_horizon default values;
