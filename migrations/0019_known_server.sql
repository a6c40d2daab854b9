-- 0019 known server: what a poll would have to read the server's control file for.
-- Undo: alter type wedsync_realtime.reading drop attribute lease_id, drop attribute unsettled_id,
-- drop attribute renew_before, drop attribute problem, drop attribute answer; alter type
-- wedsync_realtime.lease drop attribute epoch, drop attribute durable_xid; alter type
-- wedsync_realtime.reading add attribute lease wedsync_realtime.lease, add attribute problem
-- wedsync_realtime.problem, add attribute answer jsonb; create type wedsync_realtime.page as
-- (events wedsync_realtime.event [], cut bigint [], has_more boolean, next
-- wedsync_realtime.cursor); alter table wedsync_realtime.feed_horizon drop column
-- server_started_at, drop column folder, drop column durable_xid (nothing is lost).

alter table wedsync_realtime.feed_horizon
add column server_started_at timestamptz,
add column folder text,
add column durable_xid xid8;

comment on column wedsync_realtime.feed_horizon.server_started_at is
'When the server had started that a job last wrote this row on: what epoch and durable_xid hold '
'for. A restored copy runs on another.';
comment on column wedsync_realtime.feed_horizon.folder is
'Folder of the database that a job last wrote this row in: a clone has another.';
comment on column wedsync_realtime.feed_horizon.durable_xid is
'Transaction ids below were on disk when a job last looked: cursors may claim them.';

alter type wedsync_realtime.lease add attribute epoch text, add attribute durable_xid xid8;

-- what a poll's step hands back
-- squawk-ignore ban-drop-column
alter type wedsync_realtime.reading drop attribute lease;
-- squawk-ignore ban-drop-column
alter type wedsync_realtime.reading drop attribute problem;
-- squawk-ignore ban-drop-column
alter type wedsync_realtime.reading drop attribute answer;
alter type wedsync_realtime.reading
add attribute lease_id uuid,
add attribute unsettled_id bigint,
add attribute renew_before timestamptz,
add attribute problem wedsync_realtime.problem,
add attribute answer jsonb;

comment on type wedsync_realtime.reading is
'What a poll has found: the subscription, its topic if that is not settled, the time before which '
'its last sign of life must be renewed, if it must, and the problem or the answer.';

-- squawk-ignore ban-drop-type
drop type wedsync_realtime.page cascade;
