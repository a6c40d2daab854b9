-- dispatch_failures: written by dispatch, read by poll.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.dispatch_failures from public, anon, authenticated, service_role;
drop policy if exists dispatch_failures_all_owner on wedsync_realtime.dispatch_failures;
create policy dispatch_failures_all_owner on wedsync_realtime.dispatch_failures
for all to wedsync_realtime_owner using (true) with check (true);
comment on policy dispatch_failures_all_owner on wedsync_realtime.dispatch_failures is
'The definer functions, which decide for themselves.';
grant select, insert on wedsync_realtime.dispatch_failures to wedsync_realtime_owner;
grant update (sqlstate, message, count, last_at) on wedsync_realtime.dispatch_failures
to wedsync_realtime_owner;
