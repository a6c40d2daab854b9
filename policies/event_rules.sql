-- event_rules: how changes are named, read by dispatch.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.event_rules from public, anon, authenticated, service_role;
select wedsync_realtime.ensure_policy(
    'wedsync_realtime.event_rules', 'event_rules_all_owner',
    'for all to wedsync_realtime_owner using (true) with check (true)',
    'The definer functions, which decide for themselves.'
);
grant select on wedsync_realtime.event_rules to wedsync_realtime_owner;
