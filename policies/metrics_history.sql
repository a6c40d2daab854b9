-- metrics_history: written by the metrics job, read by the monitor, for charts.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.metrics_history from public, anon, authenticated, service_role;
drop policy if exists metrics_history_select_monitor on wedsync_realtime.metrics_history;
create policy metrics_history_select_monitor on wedsync_realtime.metrics_history
for select to wedsync_realtime_monitor, wedsync_realtime_owner using (true);
comment on policy metrics_history_select_monitor on wedsync_realtime.metrics_history is
'The monitor, and the definer functions.';
grant select on wedsync_realtime.metrics_history
to wedsync_realtime_monitor, wedsync_realtime_owner;
