-- deployed_scripts: the runner's ledger, read by health().
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.deployed_scripts from public, anon, authenticated, service_role;
drop policy if exists deployed_scripts_select_owner on wedsync_realtime.deployed_scripts;
create policy deployed_scripts_select_owner on wedsync_realtime.deployed_scripts
for select to wedsync_realtime_owner using (true);
comment on policy deployed_scripts_select_owner on wedsync_realtime.deployed_scripts is
'The definer functions, which only read it.';
grant select on wedsync_realtime.deployed_scripts to wedsync_realtime_owner;
