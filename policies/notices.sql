-- notices: written when leases end and topics settle, read by drain.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.notices from public, anon, authenticated, service_role;
select wedsync_realtime.ensure_policy(
    'wedsync_realtime.notices', 'notices_all_owner',
    'for all to wedsync_realtime_owner using (true) with check (true)',
    'The definer functions, which decide for themselves.'
);
grant select, insert on wedsync_realtime.notices to wedsync_realtime_owner;
