-- End the leases of connections that are gone, pair by pair of user and connection: those that
-- nothing has renewed since doubt_connections() put them in doubt, so that a client which polls on
-- keeps its own. Those that somebody holds, or whose tenant's counter somebody holds, end when they
-- expire.

create or replace function wedsync_realtime.close_connections(
    user_ids       uuid[],
    connection_ids uuid[]
)
    returns integer
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
begin
    return wedsync_realtime.end_leases(
        array(
            select s.id
            from unnest(user_ids, connection_ids) as c (user_id, connection_id)
            inner join public.realtime_subscriptions as s
                on s.user_id = c.user_id and s.connection_id = c.connection_id
            inner join wedsync_realtime.tenants as t on t.tenant_id = s.tenant_id
            cross join wedsync_realtime.settings as x
            where s.last_ping_at <= clock_timestamp() - x.stale_after / 5
            for update of s, t skip locked
        ),
        'expired', 'connection gone'
    );
end
$$;

comment on function wedsync_realtime.close_connections(uuid[], uuid[]) is
'End the subscriptions of connections that are gone, for a relay; returns how many.';
revoke execute on function wedsync_realtime.close_connections(uuid[], uuid[])
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.close_connections(uuid[], uuid[])
to wedsync_realtime_relay;
