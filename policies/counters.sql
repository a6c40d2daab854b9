-- counters: written by the metrics job, read by metrics().
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.counters from public, anon, authenticated, service_role;
drop policy if exists counters_select_owner on wedsync_realtime.counters;
create policy counters_select_owner on wedsync_realtime.counters
for select to wedsync_realtime_owner using (true);
comment on policy counters_select_owner on wedsync_realtime.counters is
'The definer functions, which only read it.';
grant select on wedsync_realtime.counters to wedsync_realtime_owner;
