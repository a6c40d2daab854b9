-- dispatch_failures: written by dispatch, read by poll.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.dispatch_failures from public, anon, authenticated, service_role;
select wedsync_realtime.ensure_policy(
    'wedsync_realtime.dispatch_failures', 'dispatch_failures_all_owner',
    'for all to wedsync_realtime_owner using (true) with check (true)',
    'The definer functions, which decide for themselves.'
);
grant select, insert on wedsync_realtime.dispatch_failures to wedsync_realtime_owner;
grant update (sqlstate, message, count, last_at) on wedsync_realtime.dispatch_failures
to wedsync_realtime_owner;
