-- events: written by dispatch, read by poll.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.events from public, anon, authenticated, service_role;
drop policy if exists events_all_owner on wedsync_realtime.events;
create policy events_all_owner on wedsync_realtime.events
for all to wedsync_realtime_owner using (true) with check (true);
comment on policy events_all_owner on wedsync_realtime.events is
'The definer functions, which decide for themselves.';
grant select, insert on wedsync_realtime.events to wedsync_realtime_owner;

revoke all on wedsync_realtime.events_default from public, anon, authenticated, service_role;
revoke all on sequence wedsync_realtime.events_id_seq
from public, anon, authenticated, service_role;
grant usage on sequence wedsync_realtime.events_id_seq to wedsync_realtime_owner;
