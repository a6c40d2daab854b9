-- tenants: counters of the limits.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.tenants from public, anon, authenticated, service_role;
select wedsync_realtime.ensure_policy(
    'wedsync_realtime.tenants', 'tenants_all_owner',
    'for all to wedsync_realtime_owner using (true) with check (true)',
    'The definer functions, which decide for themselves.'
);
grant select, insert on wedsync_realtime.tenants to wedsync_realtime_owner;
grant update (subscriptions) on wedsync_realtime.tenants to wedsync_realtime_owner;
