-- 0004 settings: every limit and interval, in one row that a DBA changes with UPDATE.
-- Undo: drop table wedsync_realtime.settings (the defaults are lost, not the data).

create table wedsync_realtime.settings (
    id                           boolean not null default true,
    subscribe_per_minute         integer not null default 10,
    subscribe_burst              integer not null default 10,
    channels_per_call            integer not null default 10,
    subscriptions_per_user       integer not null default 20,
    subscriptions_per_tenant     integer not null default 1000,
    stale_after                  interval not null default '5 minutes',
    ping_interval                interval not null default '30 seconds',
    feed_retention               interval not null default '24 hours',
    log_retention                interval not null default '90 days',
    event_bytes                  integer not null default 262144,
    notify_enabled               boolean not null default true,
    broadcast_enabled            boolean,
    dispatch_guarded             boolean not null default false,
    cursor_secret                text not null default gen_random_uuid(),
    cleanup_schedule             text not null default '*/5 * * * *',
    partitions_schedule          text not null default '*/10 * * * *',
    constraint settings_pkey primary key (id),
    constraint settings_id_check check (id),
    constraint settings_subscribe_per_minute_check
        check (subscribe_per_minute between 1 and 6000),
    constraint settings_subscribe_burst_check
        check (subscribe_burst between 1 and 6000),
    constraint settings_channels_per_call_check
        check (channels_per_call between 1 and 100),
    constraint settings_subscriptions_per_user_check
        check (subscriptions_per_user between 1 and 10000),
    constraint settings_subscriptions_per_tenant_check
        check (subscriptions_per_tenant between 1 and 1000000),
    constraint settings_stale_after_check
        check (stale_after between interval '5 seconds' and interval '1 day'),
    constraint settings_ping_interval_check
        check (ping_interval >= interval '1 second' and ping_interval <= stale_after / 2),
    constraint settings_feed_retention_check
        check (feed_retention between interval '1 hour' and interval '30 days'),
    constraint settings_log_retention_check
        check (log_retention between interval '1 day' and interval '10 years'),
    constraint settings_event_bytes_check
        check (event_bytes between 1024 and 16777216)
);

comment on table wedsync_realtime.settings is
'All limits and intervals, one row. Change them with UPDATE: it takes effect at once and is '
'audited.';
comment on column wedsync_realtime.settings.id is 'Always true: there is one row.';
comment on column wedsync_realtime.settings.subscribe_per_minute is
'Subscribe calls a minute that a user may sustain.';
comment on column wedsync_realtime.settings.subscribe_burst is
'Subscribe calls that a user may make at once.';
comment on column wedsync_realtime.settings.channels_per_call is
'Channels in one subscribe call.';
comment on column wedsync_realtime.settings.subscriptions_per_user is
'Live subscriptions of one user.';
comment on column wedsync_realtime.settings.subscriptions_per_tenant is
'Live subscriptions of all users of one supplier or couple; tenants.max_subscriptions overrides.';
comment on column wedsync_realtime.settings.stale_after is
'A subscription without ping or poll for this long has expired.';
comment on column wedsync_realtime.settings.ping_interval is
'How often clients are told to ping.';
comment on column wedsync_realtime.settings.feed_retention is
'How long an event can be fetched; removal is by whole days.';
comment on column wedsync_realtime.settings.log_retention is
'How long activity is kept; removal is by whole months.';
comment on column wedsync_realtime.settings.event_bytes is
'A row larger than this travels as its key alone.';
comment on column wedsync_realtime.settings.notify_enabled is
'Whether dispatch wakes listeners with NOTIFY, which takes a database-wide lock at commit.';
comment on column wedsync_realtime.settings.broadcast_enabled is
'Whether dispatch also sends every event as a private Supabase broadcast; null: a deployment '
'switches it on where realtime.send exists.';
comment on column wedsync_realtime.settings.dispatch_guarded is
'Whether a write survives an unforeseen error in dispatch, which is then counted in '
'dispatch_failures, and clients must resync; costs a subtransaction in every statement.';
comment on column wedsync_realtime.settings.cursor_secret is
'Signs cursors, so that nobody can make one up; changing it makes all clients resubscribe.';
comment on column wedsync_realtime.settings.cleanup_schedule is
'pg_cron schedule of cleanup; applied by the next deployment or schedule_jobs().';
comment on column wedsync_realtime.settings.partitions_schedule is
'pg_cron schedule of partition upkeep; applied by the next deployment or schedule_jobs().';

alter table wedsync_realtime.settings enable row level security;
insert into wedsync_realtime.settings default values;
