-- settings: read by the definer functions, changed by the administrator who owns it. Its row is
-- the lock that keeps two cleanups apart, which is what the right to update the key is for.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.settings from public, anon, authenticated, service_role;
select wedsync_realtime.ensure_policy(
    'wedsync_realtime.settings', 'settings_all_owner',
    'for all to wedsync_realtime_owner using (true) with check (true)',
    'The definer functions, which decide for themselves.'
);
grant select on wedsync_realtime.settings to wedsync_realtime_owner;
grant update (id) on wedsync_realtime.settings to wedsync_realtime_owner;
