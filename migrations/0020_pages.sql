-- 0020 pages: what lets a page begin where the last one ended; and pings every 100 seconds.
-- Undo: drop index wedsync_realtime.events_id_idx; alter type wedsync_realtime.lease drop attribute
-- replay_events, drop attribute first_id; alter table wedsync_realtime.settings alter column
-- ping_interval set default interval '30 seconds' (pages of clients far behind get slow).

-- Ids come in their order, which costs a writer next to nothing. An expression, so that no query
-- but the one that asks for it is planned with it: in the order of ids the feed of a quiet topic
-- would be read from end to end.
-- squawk-ignore require-concurrent-index-creation
create index events_id_idx on wedsync_realtime.events ((id + 0));

alter type wedsync_realtime.lease
add attribute replay_events integer, add attribute first_id bigint;

comment on column wedsync_realtime.settings.replay_events is
'A topic with more new events than this is told a resync instead of them, by push and by poll.';

-- a lease lives five minutes: three chances in a life, for a third of the calls
alter table wedsync_realtime.settings alter column ping_interval set default interval '100 seconds';
update wedsync_realtime.settings
set ping_interval = interval '100 seconds'
where ping_interval = interval '30 seconds' and stale_after >= interval '200 seconds';
