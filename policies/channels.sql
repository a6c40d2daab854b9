-- channels: the registry, read by the definer functions.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.channels from public, anon, authenticated, service_role;
select wedsync_realtime.ensure_policy(
    'wedsync_realtime.channels', 'channels_all_owner',
    'for all to wedsync_realtime_owner using (true) with check (true)',
    'The definer functions, which decide for themselves.'
);
grant select on wedsync_realtime.channels to wedsync_realtime_owner;
