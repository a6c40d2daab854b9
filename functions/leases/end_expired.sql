-- End leases without ping or poll for settings.stale_after; of one user, of one tenant, or of
-- all. Leases that somebody holds are left for the next run, all of them while disconnect() is at
-- work. So are, when it comes to that, those of a tenant whose counter somebody holds, as any
-- caller does who leaves a transaction open after subscribe: nobody ever waits long for this.
-- Usually all counters are free, and locked only when everything else is done, by the trigger;
-- locked first they would keep subscribers waiting longer.
-- Planned for what it is called with: a plan for any call reads all leases for one user's.

create or replace function wedsync_realtime.end_expired(
    user_id   uuid default null,
    tenant_id uuid default null,
    most      integer default 10000
)
    returns integer
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '50ms'
    set plan_cache_mode = force_custom_plan
as $$
declare
    v_before timestamptz := clock_timestamp()
        - (select s.stale_after from wedsync_realtime.settings as s);
begin
    begin
        return wedsync_realtime.end_leases(
            array(
                select s.id
                from public.realtime_subscriptions as s
                where
                    s.last_ping_at < v_before
                    and (end_expired.user_id is null or s.user_id = end_expired.user_id)
                    and (end_expired.tenant_id is null or s.tenant_id = end_expired.tenant_id)
                limit most
                for update skip locked
            ),
            'expired', 'no ping or poll'
        );
    exception
        when lock_not_available then null;
    end;
    return wedsync_realtime.end_leases(
        array(
            select s.id
            from public.realtime_subscriptions as s
            inner join wedsync_realtime.tenants as t on t.tenant_id = s.tenant_id
            where
                s.last_ping_at < v_before
                and (end_expired.user_id is null or s.user_id = end_expired.user_id)
                and (end_expired.tenant_id is null or s.tenant_id = end_expired.tenant_id)
            limit most
            for update of s, t skip locked
        ),
        'expired', 'no ping or poll'
    );
exception
    when lock_not_available then
        return 0;
end
$$;

comment on function wedsync_realtime.end_expired(uuid, uuid, integer) is
'End expired subscriptions of one user, of one tenant, or of all; returns how many.';
revoke execute on function wedsync_realtime.end_expired(uuid, uuid, integer)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.end_expired(uuid, uuid, integer)
to wedsync_realtime_owner;
