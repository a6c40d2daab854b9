-- End one subscription, named by its channel id. Whoever may not enter the schema behind it,
-- anon above all, is answered without touching anything.

create or replace function public.realtime_unsubscribe(channel text)
    returns jsonb
    language plpgsql
    volatile
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
    return wedsync_realtime.unsubscribe(channel);
end
$$;

comment on function public.realtime_unsubscribe(text) is
'End one subscription, named by its channel id.';
revoke execute on function public.realtime_unsubscribe(text) from public;
grant execute on function public.realtime_unsubscribe(text)
to anon, authenticated, service_role;
