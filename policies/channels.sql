-- channels: the registry, read by the definer functions.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.channels from public, anon, authenticated, service_role;
drop policy if exists channels_all_owner on wedsync_realtime.channels;
create policy channels_all_owner on wedsync_realtime.channels
for all to wedsync_realtime_owner using (true) with check (true);
comment on policy channels_all_owner on wedsync_realtime.channels is
'The definer functions, which decide for themselves.';
grant select on wedsync_realtime.channels to wedsync_realtime_owner;
