-- End expired subscriptions, for the job and for service_role.

create or replace function public.cleanup_inactive_subscriptions()
    returns integer
    language sql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    select wedsync_realtime.cleanup()
$$;

comment on function public.cleanup_inactive_subscriptions() is
'End the subscriptions that have had no ping or poll for settings.stale_after; returns how many.';
revoke execute on function public.cleanup_inactive_subscriptions() from public, anon, authenticated;
grant execute on function public.cleanup_inactive_subscriptions() to service_role;
