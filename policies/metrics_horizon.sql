-- metrics_horizon: written by the metrics job, read by metrics().
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.metrics_horizon from public, anon, authenticated, service_role;
drop policy if exists metrics_horizon_select_owner on wedsync_realtime.metrics_horizon;
create policy metrics_horizon_select_owner on wedsync_realtime.metrics_horizon
for select to wedsync_realtime_owner using (true);
comment on policy metrics_horizon_select_owner on wedsync_realtime.metrics_horizon is
'The definer functions, which only read it.';
grant select on wedsync_realtime.metrics_horizon to wedsync_realtime_owner;
