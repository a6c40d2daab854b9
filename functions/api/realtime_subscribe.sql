-- Subscribe to channels, or renew the subscriptions. Whoever may not enter the schema behind it,
-- anon above all, is answered without touching anything.

create or replace function public.realtime_subscribe(
    channels      text[],
    filters       jsonb default '{}',
    connection_id uuid default null
)
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
    return wedsync_realtime.subscribe(channels, filters, connection_id);
end
$$;

comment on function public.realtime_subscribe(text[], jsonb, uuid) is
'Subscribe to channels, or renew the subscriptions. filters: supplier_id, couple_id, '
'wedding_id, operations, events, changed, where.';
revoke execute on function public.realtime_subscribe(text[], jsonb, uuid) from public;
grant execute on function public.realtime_subscribe(text[], jsonb, uuid)
to anon, authenticated, service_role;
