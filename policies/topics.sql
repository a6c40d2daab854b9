-- topics: made hot by subscribe, settled by poll, cooled by upkeep.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.topics from public, anon, authenticated, service_role;
select wedsync_realtime.ensure_policy(
    'wedsync_realtime.topics', 'topics_all_owner',
    'for all to wedsync_realtime_owner using (true) with check (true)',
    'The definer functions, which decide for themselves.'
);
grant select, insert, delete on wedsync_realtime.topics to wedsync_realtime_owner;
grant update (blockers, is_ready, idle_since) on wedsync_realtime.topics to wedsync_realtime_owner;
