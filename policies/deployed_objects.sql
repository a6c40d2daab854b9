-- deployed_objects: written by deployments, read by health().
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.deployed_objects from public, anon, authenticated, service_role;
drop policy if exists deployed_objects_select_owner on wedsync_realtime.deployed_objects;
create policy deployed_objects_select_owner on wedsync_realtime.deployed_objects
for select to wedsync_realtime_owner using (true);
comment on policy deployed_objects_select_owner on wedsync_realtime.deployed_objects is
'The definer functions, which only read it.';
grant select on wedsync_realtime.deployed_objects to wedsync_realtime_owner;
