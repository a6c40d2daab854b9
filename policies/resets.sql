-- resets: written by dispatch, read by poll.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.resets from public, anon, authenticated, service_role;
drop policy if exists resets_all_owner on wedsync_realtime.resets;
create policy resets_all_owner on wedsync_realtime.resets
for all to wedsync_realtime_owner using (true) with check (true);
comment on policy resets_all_owner on wedsync_realtime.resets is
'The definer functions, which decide for themselves.';
grant select, insert on wedsync_realtime.resets to wedsync_realtime_owner;
