-- 0009 types: what the steps of a call hand to each other.
-- Undo: drop type wedsync_realtime.problem, wedsync_realtime.cursor, wedsync_realtime.lease,
-- wedsync_realtime.event, wedsync_realtime.page, wedsync_realtime.reading (loses nothing).

create type wedsync_realtime.problem as (
    code        text,
    error       text,
    details     text,
    hint        text,
    retry_after integer
);

comment on type wedsync_realtime.problem is
'Why a call is refused; a null code is no problem.';

create type wedsync_realtime.cursor as (
    epoch    text,
    topic_id bigint,
    seen     pg_snapshot,
    upto     pg_snapshot,
    last_id  bigint
);

comment on type wedsync_realtime.cursor is
'How far a client has read: the history and topic it is valid in, the snapshot it has seen and, '
'inside a page that was cut, the snapshot it is reading up to and the last event it got.';

create type wedsync_realtime.lease as (
    id            uuid,
    last_ping_at  timestamptz,
    since         pg_snapshot,
    filter_params jsonb,
    topic_id      bigint,
    tenant_id     uuid,
    channel_id    smallint,
    is_ready      boolean,
    may_hear      boolean,
    topic         text,
    schema_name   text,
    table_name    text,
    last_reset    xid8,
    max_xid       xid8,
    dropped       pg_snapshot,
    stale_after   interval,
    cursor_secret text
);

comment on type wedsync_realtime.lease is
'A subscription with what a poll needs to know of its topic, channel, the feed and the settings.';

create type wedsync_realtime.event as (
    id               bigint,
    channel          text,
    topic            text,
    event            text,
    schema           text,
    "table"          text,
    "eventType"      text,
    commit_timestamp timestamptz,
    new              jsonb,
    old              jsonb,
    changed          text []
);

comment on type wedsync_realtime.event is
'An event as clients get it.';

create type wedsync_realtime.page as (
    events   wedsync_realtime.event [],
    cut      bigint [],
    has_more boolean,
    next     wedsync_realtime.cursor
);

comment on type wedsync_realtime.page is
'What a poll has read: events, the ids of those of which only the key travels, whether there are '
'more, and the cursor to go on from.';

create type wedsync_realtime.reading as (
    lease   wedsync_realtime.lease,
    problem wedsync_realtime.problem,
    answer  jsonb
);

comment on type wedsync_realtime.reading is
'What a poll has found: the subscription, and the problem with it or the answer.';
