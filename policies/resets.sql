-- resets: written by dispatch, read by poll.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.resets from public, anon, authenticated, service_role;
select wedsync_realtime.ensure_policy(
    'wedsync_realtime.resets', 'resets_all_owner',
    'for all to wedsync_realtime_owner using (true) with check (true)',
    'The definer functions, which decide for themselves.'
);
grant select, insert on wedsync_realtime.resets to wedsync_realtime_owner;
-- poll asks it whether there has been any
grant select on sequence wedsync_realtime.resets_id_seq to wedsync_realtime_owner;
