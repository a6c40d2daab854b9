-- Put the leases of connections that broke in doubt, pair by pair of user and connection: the next
-- poll or ping renews them, as it would a minute later. Those that nothing has renewed are ended by
-- close_connections(). One that somebody holds is left as it is, and expires.

create or replace function wedsync_realtime.doubt_connections(
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
declare
    v_now constant timestamptz := clock_timestamp();
    v_doubted integer;
begin
    update public.realtime_subscriptions as s
    set last_ping_at = v_now - (select x.stale_after / 5 from wedsync_realtime.settings as x)
    where s.id = any (array(
        select l.id
        from unnest(user_ids, connection_ids) as c (user_id, connection_id)
        cross join wedsync_realtime.settings as x
        inner join public.realtime_subscriptions as l
            on
                l.user_id = c.user_id
                and l.connection_id = c.connection_id
                and l.last_ping_at > v_now - x.stale_after / 5
        for no key update of l skip locked
    ));
    get diagnostics v_doubted = row_count;
    return v_doubted;
end
$$;

comment on function wedsync_realtime.doubt_connections(uuid[], uuid[]) is
'Put the subscriptions of connections that broke in doubt, for a relay; returns how many.';
revoke execute on function wedsync_realtime.doubt_connections(uuid[], uuid[])
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.doubt_connections(uuid[], uuid[])
to wedsync_realtime_relay;
