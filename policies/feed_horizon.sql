-- feed_horizon: read by poll, written by upkeep.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.feed_horizon from public, anon, authenticated, service_role;
select wedsync_realtime.ensure_policy(
    'wedsync_realtime.feed_horizon', 'feed_horizon_all_owner',
    'for all to wedsync_realtime_owner using (true) with check (true)',
    'The definer functions, which decide for themselves.'
);
grant select on wedsync_realtime.feed_horizon to wedsync_realtime_owner;
