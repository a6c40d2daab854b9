-- 0006 feed: topics somebody listens to, and the events recorded for them, one partition a day.
-- Undo: drop table wedsync_realtime.events, wedsync_realtime.resets, wedsync_realtime.topics,
-- wedsync_realtime.feed_horizon; drop sequence wedsync_realtime.events_id_seq (loses the feed:
-- every client must read its copy anew).

create table wedsync_realtime.topics (
    id          bigint not null generated always as identity,
    channel_id  smallint not null,
    tenant_id   uuid not null,
    xid         xid8 not null default pg_current_xact_id(),
    created_at  timestamptz not null default clock_timestamp(),
    blockers    text[],
    is_ready    boolean not null default false,
    idle_since  timestamptz,
    constraint topics_pkey primary key (channel_id, tenant_id),
    constraint topics_id_key unique (id),
    constraint topics_channel_id_fkey
        foreign key (channel_id) references wedsync_realtime.channels (id) on delete cascade
) with (fillfactor = 80);

comment on table wedsync_realtime.topics is
'Hot topics: a channel of one tenant whose changes are recorded. Without a row nothing is '
'recorded.';
comment on column wedsync_realtime.topics.id is
'Generation: a topic that went cold and comes back has another one, and old cursors are told so.';
comment on column wedsync_realtime.topics.channel_id is 'Channel.';
comment on column wedsync_realtime.topics.tenant_id is 'Supplier or couple whose rows they are.';
comment on column wedsync_realtime.topics.xid is
'Transaction that made it hot: until that commits, nobody else records for it.';
comment on column wedsync_realtime.topics.created_at is 'When it became hot.';
comment on column wedsync_realtime.topics.blockers is
'Transactions that held a write lock on the table when the topic was first polled: they may '
'have missed it.';
comment on column wedsync_realtime.topics.is_ready is
'True once none of the blockers is left.';
comment on column wedsync_realtime.topics.idle_since is
'Since when it has had no subscription; it goes cold when that is longer ago than the feed is '
'kept.';

create index topics_tenant_id_idx on wedsync_realtime.topics (tenant_id);

create sequence wedsync_realtime.events_id_seq as bigint;
comment on sequence wedsync_realtime.events_id_seq is 'Ids of events, in the order of recording.';

-- No primary key: the id is unique by its sequence, and a second index would cost every writer.
create table wedsync_realtime.events (
    id         bigint not null default nextval('wedsync_realtime.events_id_seq'),
    xid        xid8 not null default pg_current_xact_id(),
    created_at timestamptz not null default clock_timestamp(),
    tenant_id  uuid not null,
    channel_id smallint not null,
    operation  "char" not null,
    is_cut     boolean not null default false,
    event      text,
    new        jsonb,
    old        jsonb,
    changed    text[]
) partition by range (created_at);

comment on table wedsync_realtime.events is
'The feed: every change on a hot topic, written by the writer''s own transaction.';
comment on column wedsync_realtime.events.id is 'Order of recording.';
comment on column wedsync_realtime.events.xid is 'Writing transaction: what cursors compare.';
comment on column wedsync_realtime.events.created_at is 'When it was recorded.';
comment on column wedsync_realtime.events.tenant_id is 'Whose row it was at that moment.';
comment on column wedsync_realtime.events.channel_id is 'Channel.';
comment on column wedsync_realtime.events.operation is
'I, U or D.';
comment on column wedsync_realtime.events.is_cut is
'The row was over settings.event_bytes: only its key is here.';
comment on column wedsync_realtime.events.event is 'Domain name by event_rules.';
comment on column wedsync_realtime.events.new is 'The row after the change.';
comment on column wedsync_realtime.events.old is 'The row before the change.';
comment on column wedsync_realtime.events.changed is 'Columns that differ, for an UPDATE.';

create index events_tenant_id_channel_id_xid_idx
    on wedsync_realtime.events (tenant_id, channel_id, xid);

create table wedsync_realtime.events_default partition of wedsync_realtime.events default;
comment on table wedsync_realtime.events_default is
'Catches events of a day without a partition, so that no write fails; empty in good health.';

create table wedsync_realtime.feed_horizon (
    id      boolean not null default true,
    max_xid xid8 not null default '0',
    dropped pg_snapshot not null default pg_current_snapshot(),
    epoch   text,
    constraint feed_horizon_pkey primary key (id),
    constraint feed_horizon_id_check check (id)
);

comment on table wedsync_realtime.feed_horizon is
'Where the retained feed begins, one row: a cursor that has not seen beyond it must resync.';
comment on column wedsync_realtime.feed_horizon.id is 'Always true: there is one row.';
comment on column wedsync_realtime.feed_horizon.max_xid is
'Highest transaction id among the events removed so far.';
comment on column wedsync_realtime.feed_horizon.dropped is
'Snapshot at the last removal: transactions still running then have lost nothing.';
comment on column wedsync_realtime.feed_horizon.epoch is
'History of the database that the feed was written in, as epoch() names it.';

create table wedsync_realtime.resets (
    id         bigint not null generated always as identity,
    channel_id smallint not null,
    xid        xid8 not null default pg_current_xact_id(),
    created_at timestamptz not null default clock_timestamp(),
    reason     text not null,
    constraint resets_pkey primary key (id),
    constraint resets_channel_id_fkey
        foreign key (channel_id) references wedsync_realtime.channels (id) on delete cascade
);

comment on table wedsync_realtime.resets is
'What the feed could not carry: after each row every client of the channel must read its copy '
'anew.';
comment on column wedsync_realtime.resets.id is 'Key.';
comment on column wedsync_realtime.resets.channel_id is 'Channel.';
comment on column wedsync_realtime.resets.xid is 'Transaction that did it: what cursors compare.';
comment on column wedsync_realtime.resets.created_at is
'When it was noted; kept as long as the feed.';
comment on column wedsync_realtime.resets.reason is
'What clients are told: truncated, dispatch_failed or epoch_changed.';

create index resets_channel_id_xid_idx on wedsync_realtime.resets (channel_id, xid);

alter table wedsync_realtime.topics enable row level security;
alter table wedsync_realtime.resets enable row level security;
alter table wedsync_realtime.events enable row level security;
alter table wedsync_realtime.events_default enable row level security;
alter table wedsync_realtime.feed_horizon enable row level security;
insert into wedsync_realtime.feed_horizon default values;
