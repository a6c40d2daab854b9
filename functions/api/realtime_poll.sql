-- Fetch what a subscription has not been sent after a cursor. Whoever may not enter the schema
-- behind it, anon above all, is answered without touching anything.

create or replace function public.realtime_poll(
    channel    text,
    cursor     text default null,
    max_events integer default 100
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
    return wedsync_realtime.poll(channel, cursor, max_events);
end
$$;

comment on function public.realtime_poll(text, text, integer) is
'Fetch what a subscription has not been sent after a cursor; without one from its beginning.';
revoke execute on function public.realtime_poll(text, text, integer) from public;
grant execute on function public.realtime_poll(text, text, integer)
to anon, authenticated, service_role;
