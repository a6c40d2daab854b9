-- 0007 subscriptions: the leases, one per user, channel, table and connection, and what limits
-- them.
-- Undo: drop table public.realtime_subscriptions, wedsync_realtime.tenants,
-- wedsync_realtime.rate_limits (ends every live subscription and forgets per-tenant limits).

create table wedsync_realtime.tenants (
    tenant_id         uuid not null,
    subscriptions     integer not null default 0,
    max_subscriptions integer,
    constraint tenants_pkey primary key (tenant_id),
    constraint tenants_subscriptions_check check (subscriptions >= 0),
    constraint tenants_max_subscriptions_check check (max_subscriptions between 0 and 1000000)
) with (fillfactor = 50);

comment on table wedsync_realtime.tenants is
'Suppliers and couples that hold subscriptions; its row is the lock under which they are counted.';
comment on column wedsync_realtime.tenants.tenant_id is 'Supplier or couple.';
comment on column wedsync_realtime.tenants.subscriptions is
'How many realtime_subscriptions count against it, kept by triggers.';
comment on column wedsync_realtime.tenants.max_subscriptions is
'Its own limit; null: settings.subscriptions_per_tenant.';

create table wedsync_realtime.rate_limits (
    user_id  uuid not null,
    action   text not null,
    full_at  timestamptz not null,
    constraint rate_limits_pkey primary key (user_id, action)
) with (fillfactor = 50);

comment on table wedsync_realtime.rate_limits is
'One row per user and limited action (GCRA); also the lock that keeps one user''s calls in turn.';
comment on column wedsync_realtime.rate_limits.user_id is 'User.';
comment on column wedsync_realtime.rate_limits.action is 'Limited action: subscribe.';
comment on column wedsync_realtime.rate_limits.full_at is
'Theoretical arrival time: when the whole burst is available again.';

create table public.realtime_subscriptions (
    id            uuid not null default gen_random_uuid(),
    user_id       uuid not null,
    connection_id uuid not null default '00000000-0000-0000-0000-000000000000',
    channel_id    text not null,
    channel_name  text not null,
    table_name    text not null,
    topic_id      bigint not null,
    since         pg_snapshot not null,
    tenant_id     uuid not null,
    filter_params jsonb not null default '{}',
    active        boolean not null default true,
    created_at    timestamptz not null default clock_timestamp(),
    last_ping_at  timestamptz not null default clock_timestamp(),
    constraint realtime_subscriptions_pkey primary key (id),
    constraint realtime_subscriptions_user_id_channel_name_key
        unique (user_id, channel_name, table_name, connection_id),
    constraint realtime_subscriptions_topic_id_fkey
        foreign key (topic_id) references wedsync_realtime.topics (id),
    constraint realtime_subscriptions_active_check check (active)
) with (fillfactor = 80);
-- last_ping_at has no index, so that a ping is a HOT update. The foreign key to auth.users is made
-- by attach_tables(), because it stops everybody who signs in for as long as its transaction lasts.

create index realtime_subscriptions_tenant_id_idx on public.realtime_subscriptions (tenant_id);
create index realtime_subscriptions_topic_id_idx on public.realtime_subscriptions (topic_id);

comment on table public.realtime_subscriptions is
'Who listens to what now. A row is a lease: ended by unsubscribe, silence, revocation or '
'deletion of the user.';
comment on column public.realtime_subscriptions.id is 'Key.';
comment on column public.realtime_subscriptions.user_id is 'Who listens.';
comment on column public.realtime_subscriptions.connection_id is
'Client connection it belongs to, chosen by the client; one fixed value where it chose none.';
comment on column public.realtime_subscriptions.channel_id is
'Id that calls name it by: <channel>-<user>-<epoch ms>.';
comment on column public.realtime_subscriptions.channel_name is 'Channel in the registry.';
comment on column public.realtime_subscriptions.table_name is 'Table whose changes are delivered.';
comment on column public.realtime_subscriptions.topic_id is 'Topic whose events are delivered.';
comment on column public.realtime_subscriptions.since is
'What had been committed when it began: where a poll without a cursor starts.';
comment on column public.realtime_subscriptions.tenant_id is
'Supplier or couple of the user: whose limit it counts against.';
comment on column public.realtime_subscriptions.filter_params is 'What was asked for, checked.';
comment on column public.realtime_subscriptions.active is
'Always true: a subscription that has ended is deleted and stands in realtime_activity_logs.';
comment on column public.realtime_subscriptions.created_at is 'When it began.';
comment on column public.realtime_subscriptions.last_ping_at is 'Last sign of life.';

alter table wedsync_realtime.tenants enable row level security;
alter table wedsync_realtime.rate_limits enable row level security;
alter table public.realtime_subscriptions enable row level security;
