-- 0018 push: what a relay needs to find the new without reading the old: the first event of each
-- statement, the filters of a topic, and what is not an event but must be told in order with them.
-- Undo: drop type wedsync_realtime.news, wedsync_realtime.told; drop table
-- wedsync_realtime.notices, wedsync_realtime.filters; drop index wedsync_realtime.resets_xid_idx;
-- alter table wedsync_realtime.events drop column is_first; create index
-- realtime_subscriptions_topic_id_idx on public.realtime_subscriptions (topic_id); alter table
-- public.realtime_subscriptions drop column filter_id (relays stop, clients go on polling).

alter table wedsync_realtime.events add column is_first boolean not null default false;
alter table wedsync_realtime.events alter column is_first set default true;
comment on column wedsync_realtime.events.is_first is
'The first event of a statement on its topic: by these a relay finds the others.';

-- Few rows stand in it, however many a statement writes: writers hardly notice it.
-- squawk-ignore require-concurrent-index-creation
create index events_xid_idx on wedsync_realtime.events (xid) where is_first;

-- there are some rows
-- squawk-ignore require-concurrent-index-creation
create index resets_xid_idx on wedsync_realtime.resets (xid);

create table wedsync_realtime.notices (
    id         bigint not null default nextval('wedsync_realtime.events_id_seq'),
    xid        xid8 not null default pg_current_xact_id(),
    created_at timestamptz not null default clock_timestamp(),
    topic_id   bigint not null,
    seen       pg_snapshot,
    subject    text,
    body       jsonb,
    constraint notices_pkey primary key (id)
);

comment on table wedsync_realtime.notices is
'What relays are told beside the events, kept as long as these: leases that ended, topics that '
'settled.';
comment on column wedsync_realtime.notices.id is 'Order of recording, among the events.';
comment on column wedsync_realtime.notices.xid is
'Transaction that did it: what positions compare.';
comment on column wedsync_realtime.notices.created_at is 'When it was noted.';
comment on column wedsync_realtime.notices.topic_id is 'Topic.';
comment on column wedsync_realtime.notices.seen is
'What had been committed when a lease ended: its connection may be sent no more than that.';
comment on column wedsync_realtime.notices.subject is
'Subject that the lease listened on; null: the topic has settled.';
comment on column wedsync_realtime.notices.body is 'Whose lease it was, and how it ended.';

create index notices_xid_idx on wedsync_realtime.notices (xid);

create table wedsync_realtime.filters (
    topic_id  bigint not null,
    filter_id text not null,
    filter    jsonb not null,
    constraint filters_pkey primary key (topic_id, filter_id),
    constraint filters_topic_id_fkey
        foreign key (topic_id) references wedsync_realtime.topics (id) on delete cascade
);

comment on table wedsync_realtime.filters is
'The distinct filters of the live subscriptions of a topic: each is evaluated once an event, '
'however many share it.';
comment on column wedsync_realtime.filters.topic_id is 'Topic.';
comment on column wedsync_realtime.filters.filter_id is 'Digest of the filter, end of its subject.';
comment on column wedsync_realtime.filters.filter is 'Operations, events, columns and conditions.';

-- A lease lives for minutes: the table is small, and rewritten once.
-- squawk-ignore adding-field-with-default
alter table public.realtime_subscriptions add column filter_id text generated always as (
    case
        when filter_params - '{supplier_id,couple_id,wedding_id}'::text[] <> '{}'
            then md5((filter_params - '{supplier_id,couple_id,wedding_id}'::text[])::text)
    end
) stored;
comment on column public.realtime_subscriptions.filter_id is
'Digest of what filter_params ask for beside the tenant; null: everything.';

-- squawk-ignore require-concurrent-index-creation
create index realtime_subscriptions_topic_id_filter_id_idx
    on public.realtime_subscriptions (topic_id, filter_id);
-- which does all that this one did
-- squawk-ignore require-concurrent-index-deletion
drop index public.realtime_subscriptions_topic_id_idx;

insert into wedsync_realtime.filters (topic_id, filter_id, filter)
select distinct
    s.topic_id, s.filter_id,
    s.filter_params - '{supplier_id,couple_id,wedding_id}'::text[]
from public.realtime_subscriptions as s
where s.filter_id is not null;

alter table wedsync_realtime.notices enable row level security;
alter table wedsync_realtime.filters enable row level security;

create type wedsync_realtime.news as (
    seen        wedsync_realtime.cursor,
    epoch       text,
    last_xid    xid8,
    first_id    bigint,
    xids        xid8 [],
    topics      bigint [],
    resyncs     bigint [],
    reasons     text [],
    has_notices boolean,
    recorded    bigint
);

comment on type wedsync_realtime.news is
'What is new to a relay: the window that it reads and in which history; the latest transaction and '
'the first event; transactions and topics with events, pair by pair; the topics that clients must '
'read anew and why; whether there are notices; how much was recorded when its window was taken, '
'where that can tell the next drain that nothing is new.';

create type wedsync_realtime.told as (
    place    bigint,
    kind     text,
    id       bigint,
    topic_id bigint,
    subjects text [],
    body     jsonb,
    is_last  boolean
);

comment on type wedsync_realtime.told is
'What a relay is told, before it gets its cursor: place is its order in the window, is_last '
'whether nothing more of its topic is in it.';
