-- deployed_functions: written by deployments, read by health().
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.deployed_functions from public, anon, authenticated, service_role;
drop policy if exists deployed_functions_select_owner on wedsync_realtime.deployed_functions;
create policy deployed_functions_select_owner on wedsync_realtime.deployed_functions
for select to wedsync_realtime_owner using (true);
comment on policy deployed_functions_select_owner on wedsync_realtime.deployed_functions is
'The definer functions, which only read it.';
grant select on wedsync_realtime.deployed_functions to wedsync_realtime_owner;
