-- End the leases that rested on rows of a table that was truncated.

create or replace function wedsync_realtime.revoke_truncated_leases()
    returns trigger
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform wedsync_realtime.recheck_leases(tg_table_name || ' truncated');
    return null;
end
$$;

comment on function wedsync_realtime.revoke_truncated_leases() is
'Trigger: end subscriptions that rested on a truncated table.';
revoke execute on function wedsync_realtime.revoke_truncated_leases()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.revoke_truncated_leases()
to wedsync_realtime_owner;
