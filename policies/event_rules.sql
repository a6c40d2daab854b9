-- event_rules: how changes are named, read by dispatch.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.event_rules from public, anon, authenticated, service_role;
drop policy if exists event_rules_all_owner on wedsync_realtime.event_rules;
create policy event_rules_all_owner on wedsync_realtime.event_rules
for all to wedsync_realtime_owner using (true) with check (true);
comment on policy event_rules_all_owner on wedsync_realtime.event_rules is
'The definer functions, which decide for themselves.';
grant select on wedsync_realtime.event_rules to wedsync_realtime_owner;
