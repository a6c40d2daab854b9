-- Renew the leases of connections that are up, pair by pair of user and connection. One that has
-- expired is not brought back; one that somebody holds is left for the next time.

create or replace function wedsync_realtime.keep_alive(user_ids uuid[], connection_ids uuid[])
    returns integer
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_renewed integer;
begin
    update public.realtime_subscriptions as s
    set last_ping_at = v_now
    where s.id = any (array(
        select l.id
        from unnest(user_ids, connection_ids) as c (user_id, connection_id)
        cross join wedsync_realtime.settings as x
        inner join public.realtime_subscriptions as l
            on
                l.user_id = c.user_id
                and l.connection_id = c.connection_id
                and l.last_ping_at > v_now - x.stale_after
        for no key update of l skip locked
    ));
    get diagnostics v_renewed = row_count;
    return v_renewed;
end
$$;

comment on function wedsync_realtime.keep_alive(uuid[], uuid[]) is
'Renew the subscriptions of connections that are up, for a relay; returns how many.';
revoke execute on function wedsync_realtime.keep_alive(uuid[], uuid[])
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.keep_alive(uuid[], uuid[]) to wedsync_realtime_relay;
