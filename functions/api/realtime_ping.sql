-- Renew subscriptions of the caller: all, or those of a channel (name or id), a connection, or
-- both. Whoever may not enter the schema behind it, anon above all, is answered without touching
-- anything.

create or replace function public.realtime_ping(
    channel_name  text default null,
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
    return wedsync_realtime.ping(channel_name, connection_id);
end
$$;

comment on function public.realtime_ping(text, uuid) is
'Renew subscriptions of the caller: all, or those of a channel (name or id), a connection, or '
'both.';
revoke execute on function public.realtime_ping(text, uuid) from public;
grant execute on function public.realtime_ping(text, uuid)
to anon, authenticated, service_role;
