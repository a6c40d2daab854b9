-- 0014 activity counts: the audit by the minute, running totals, and the audit's indexes by time.
-- Undo: drop table wedsync_realtime.activity_minutes, wedsync_realtime.counters; drop index
-- public.realtime_activity_logs_timestamp_idx, public.realtime_activity_logs_refused_timestamp_idx
-- (loses the history and slows the views down).

create table wedsync_realtime.activity_minutes (
    minute     timestamptz not null,
    event_type text not null,
    action     text not null default '',
    code       text not null default '',
    count      bigint not null,
    constraint activity_minutes_pkey primary key (minute, event_type, action, code)
);

comment on table wedsync_realtime.activity_minutes is
'Activity by the minute, written when the minute after it is over.';
comment on column wedsync_realtime.activity_minutes.minute is 'Minute.';
comment on column wedsync_realtime.activity_minutes.event_type is
'As in realtime_activity_logs.';
comment on column wedsync_realtime.activity_minutes.action is 'What was refused.';
comment on column wedsync_realtime.activity_minutes.code is 'Why it was refused.';
comment on column wedsync_realtime.activity_minutes.count is 'How often.';

create table wedsync_realtime.counters (
    name    text not null,
    labels  jsonb not null,
    value   bigint not null,
    last_at timestamptz not null,
    constraint counters_pkey primary key (name, labels)
) with (fillfactor = 50);

comment on table wedsync_realtime.counters is
'Totals that only grow, as Prometheus wants them: what the history forgets stays counted.';
comment on column wedsync_realtime.counters.name is 'What is counted: events or activity.';
comment on column wedsync_realtime.counters.labels is 'Of which kind.';
comment on column wedsync_realtime.counters.value is 'How many so far.';
comment on column wedsync_realtime.counters.last_at is 'Time of the latest.';

-- rows come in the order of time: a few bytes for a hundred pages, next to nothing for a writer
-- squawk-ignore require-concurrent-index-creation
create index realtime_activity_logs_timestamp_idx
    on public.realtime_activity_logs using brin ("timestamp") with (autosummarize = on);

-- and the few that were refused by themselves
-- squawk-ignore require-concurrent-index-creation
create index realtime_activity_logs_refused_timestamp_idx
    on public.realtime_activity_logs ("timestamp") where event_type = 'refused';

alter table wedsync_realtime.activity_minutes enable row level security;
alter table wedsync_realtime.counters enable row level security;
