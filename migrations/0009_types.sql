-- 0009 types: what the steps of a call hand to each other.
-- Undo: drop type wedsync_realtime.problem, wedsync_realtime.cursor (loses nothing).

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
