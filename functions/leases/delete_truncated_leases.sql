-- Delete the leases before a TRUNCATE does, which fires no trigger that would audit them and count
-- them off their tenants: these would stay at their limits for ever. Not in an older snapshot, in
-- which not all may be seen.

create or replace function wedsync_realtime.delete_truncated_leases()
    returns trigger
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('transaction_isolation') not like 'read %' then
        raise exception 'subscriptions cannot be truncated from an older snapshot'
            using errcode = 'serialization_failure', hint = 'Do it in READ COMMITTED.';
    end if;
    delete from public.realtime_subscriptions;
    return null;
end
$$;

comment on function wedsync_realtime.delete_truncated_leases() is
'Trigger: audit and count off the subscriptions that a TRUNCATE ends.';
revoke execute on function wedsync_realtime.delete_truncated_leases()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.delete_truncated_leases()
to wedsync_realtime_owner;
