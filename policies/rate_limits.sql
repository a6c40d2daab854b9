-- rate_limits: taken from by subscribe.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.rate_limits from public, anon, authenticated, service_role;
select wedsync_realtime.ensure_policy(
    'wedsync_realtime.rate_limits', 'rate_limits_all_owner',
    'for all to wedsync_realtime_owner using (true) with check (true)',
    'The definer functions, which decide for themselves.'
);
grant select, insert on wedsync_realtime.rate_limits to wedsync_realtime_owner;
grant update (full_at) on wedsync_realtime.rate_limits to wedsync_realtime_owner;
