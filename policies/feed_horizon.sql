-- feed_horizon: read by poll, written by upkeep.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.feed_horizon from public, anon, authenticated, service_role;
drop policy if exists feed_horizon_all_owner on wedsync_realtime.feed_horizon;
create policy feed_horizon_all_owner on wedsync_realtime.feed_horizon
for all to wedsync_realtime_owner using (true) with check (true);
comment on policy feed_horizon_all_owner on wedsync_realtime.feed_horizon is
'The definer functions, which decide for themselves.';
grant select on wedsync_realtime.feed_horizon to wedsync_realtime_owner;
