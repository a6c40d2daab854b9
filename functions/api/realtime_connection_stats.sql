-- Sum up connections and traffic for service_role and the monitor.

create or replace function public.realtime_connection_stats()
    returns jsonb
    language sql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select wedsync_realtime.connection_stats()
$$;

comment on function public.realtime_connection_stats() is
'Sum of connections and of the day''s traffic.';
revoke execute on function public.realtime_connection_stats() from public, anon, authenticated;
grant execute on function public.realtime_connection_stats()
to service_role, wedsync_realtime_monitor;
