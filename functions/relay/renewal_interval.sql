-- How often a relay has to renew leases, so that two renewals in a row may fail.

create or replace function wedsync_realtime.renewal_interval()
    returns interval
    language sql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
    select least(interval '30 seconds', s.stale_after / 3)
    from wedsync_realtime.settings as s
$$;

comment on function wedsync_realtime.renewal_interval() is
'How often a relay renews subscriptions: a third of settings.stale_after, 30 seconds at most.';
revoke execute on function wedsync_realtime.renewal_interval()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.renewal_interval() to wedsync_realtime_relay;
