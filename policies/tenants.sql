-- tenants: counters of the limits.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.tenants from public, anon, authenticated, service_role;
drop policy if exists tenants_all_owner on wedsync_realtime.tenants;
create policy tenants_all_owner on wedsync_realtime.tenants
for all to wedsync_realtime_owner using (true) with check (true);
comment on policy tenants_all_owner on wedsync_realtime.tenants is
'The definer functions, which decide for themselves.';
grant select, insert on wedsync_realtime.tenants to wedsync_realtime_owner;
grant update (subscriptions) on wedsync_realtime.tenants to wedsync_realtime_owner;
