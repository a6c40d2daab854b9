-- topics: made hot by subscribe, settled by poll, cooled by upkeep.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.topics from public, anon, authenticated, service_role;
drop policy if exists topics_all_owner on wedsync_realtime.topics;
create policy topics_all_owner on wedsync_realtime.topics
for all to wedsync_realtime_owner using (true) with check (true);
comment on policy topics_all_owner on wedsync_realtime.topics is
'The definer functions, which decide for themselves.';
grant select, insert, delete on wedsync_realtime.topics to wedsync_realtime_owner;
grant update (blockers, is_ready, idle_since) on wedsync_realtime.topics to wedsync_realtime_owner;
