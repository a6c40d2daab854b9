-- 0010 failures: what dispatch could not do, counted instead of failing the write.
-- Undo: drop table wedsync_realtime.dispatch_failures (loses the counts).

-- No foreign key: a writer must not wait for somebody who changes the registry.
create table wedsync_realtime.dispatch_failures (
    channel_id smallint not null,
    kind       text not null,
    xid        xid8 not null default pg_current_xact_id(),
    sqlstate   text not null,
    message    text not null,
    count      bigint not null,
    first_at   timestamptz not null default clock_timestamp(),
    last_at    timestamptz not null default clock_timestamp(),
    constraint dispatch_failures_pkey primary key (channel_id, kind, xid),
    constraint dispatch_failures_kind_check check (kind in ('broadcast', 'dispatch'))
);

comment on table wedsync_realtime.dispatch_failures is
'What went wrong beside a write that succeeded: one row per channel, kind and transaction, so '
'that no writer waits for another. Kept as long as the feed.';
comment on column wedsync_realtime.dispatch_failures.channel_id is 'Channel.';
comment on column wedsync_realtime.dispatch_failures.kind is
'broadcast: messages were not sent, but are in the feed. dispatch: changes were not recorded, '
'and clients were made to resync.';
comment on column wedsync_realtime.dispatch_failures.xid is 'Writing transaction.';
comment on column wedsync_realtime.dispatch_failures.sqlstate is 'Code of the latest error.';
comment on column wedsync_realtime.dispatch_failures.message is 'Text of the latest error.';
comment on column wedsync_realtime.dispatch_failures.count is
'How many messages, or how many statements.';
comment on column wedsync_realtime.dispatch_failures.first_at is 'When it failed first.';
comment on column wedsync_realtime.dispatch_failures.last_at is 'When it failed last.';

alter table wedsync_realtime.dispatch_failures enable row level security;
