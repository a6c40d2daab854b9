-- filters: kept by write_lease, dropped when leases end and by cleanup, read by drain.
-- No policy for clients: nothing here is theirs to see.

revoke all on wedsync_realtime.filters from public, anon, authenticated, service_role;
select wedsync_realtime.ensure_policy(
    'wedsync_realtime.filters', 'filters_all_owner',
    'for all to wedsync_realtime_owner using (true) with check (true)',
    'The definer functions, which decide for themselves.'
);
grant select, insert, delete on wedsync_realtime.filters to wedsync_realtime_owner;
-- their lock keeps a filter while somebody subscribes with it
grant update (filter_id) on wedsync_realtime.filters to wedsync_realtime_owner;
