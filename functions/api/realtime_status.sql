-- Tell the caller what it listens to, what came, and its limits. Whoever may not enter the
-- schema behind it, anon above all, is answered without touching anything.

create or replace function public.realtime_status()
    returns jsonb
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not has_schema_privilege('wedsync_realtime', 'usage') then
        perform set_config('response.status', '401', true);
        return jsonb_build_object(
            'success', false, 'error', 'Unauthorized', 'code', 'unauthorized', 'status', 401,
            'details', null, 'hint', null, 'retryAfter', null
        );
    end if;
    return wedsync_realtime.status();
end
$$;

comment on function public.realtime_status() is
'Tell the caller what it listens to, what came, and its limits.';
revoke execute on function public.realtime_status() from public;
grant execute on function public.realtime_status()
to anon, authenticated, service_role;
