-- events: written by dispatch, read by poll.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.events from public, anon, authenticated, service_role;
select wedsync_realtime.ensure_policy(
    'wedsync_realtime.events', 'events_all_owner',
    'for all to wedsync_realtime_owner using (true) with check (true)',
    'The definer functions, which decide for themselves.'
);
grant select, insert on wedsync_realtime.events to wedsync_realtime_owner;

revoke all on wedsync_realtime.events_default from public, anon, authenticated, service_role;
revoke all on sequence wedsync_realtime.events_id_seq
from public, anon, authenticated, service_role;
grant usage on sequence wedsync_realtime.events_id_seq to wedsync_realtime_owner;
