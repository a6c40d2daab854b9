-- metrics(): every check of health().

create or replace function wedsync_realtime.metrics_health()
    returns table (name text, type text, help text, labels jsonb, value double precision)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
begin
    return query
    select
        'health_status', 'gauge', 'Checks of health(): 0 ok, 1 warn, 2 fail.',
        jsonb_build_object('check', h.name),
        case h.status when 'ok' then 0 when 'warn' then 1 else 2 end::double precision
    from wedsync_realtime.health() as h;
end
$$;

comment on function wedsync_realtime.metrics_health() is 'metrics(): health.';
revoke execute on function wedsync_realtime.metrics_health()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.metrics_health()
to wedsync_realtime_owner, wedsync_realtime_monitor;
