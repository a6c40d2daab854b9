-- relays: each writes its own row through report_relay, which forgets the longest silent; read by
-- health and metrics.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.relays from public, anon, authenticated, service_role;
select wedsync_realtime.ensure_policy(
    'wedsync_realtime.relays', 'relays_all_owner',
    'for all to wedsync_realtime_owner using (true) with check (true)',
    'The definer functions, which decide for themselves.'
);
grant select, insert, update, delete on wedsync_realtime.relays to wedsync_realtime_owner;
