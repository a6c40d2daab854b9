-- Count the connections that are alive, their subscriptions and tenants. By tenant once more,
-- because count(distinct ...) would sort all connections.

create or replace function wedsync_realtime.count_connections(
    out connections   bigint,
    out subscriptions bigint,
    out tenants       bigint
)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
declare
    -- asked once: for every lease anew it would take as long as reading them
    v_alive_since timestamptz := clock_timestamp()
        - (select x.stale_after from wedsync_realtime.settings as x);
begin
    select
        coalesce(sum(t.connections), 0)::bigint, coalesce(sum(t.leases), 0)::bigint, count(*)
    into connections, subscriptions, tenants
    from (
        select count(*) as connections, sum(c.leases) as leases
        from (
            select s.tenant_id, count(*) as leases
            from public.realtime_subscriptions as s
            where s.last_ping_at > v_alive_since
            group by s.user_id, s.connection_id, s.tenant_id
        ) as c
        group by c.tenant_id
    ) as t;
end
$$;

comment on function wedsync_realtime.count_connections() is
'Connections that are alive, their subscriptions and tenants.';
revoke execute on function wedsync_realtime.count_connections()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.count_connections()
to wedsync_realtime_owner;
