-- List what the server counts of the RPCs; nothing unless track_functions is pl or all.

create or replace function wedsync_realtime.rpc_figures()
    returns jsonb
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        (
            select jsonb_object_agg(f.funcname, jsonb_build_object(
                'calls', f.calls, 'seconds', round((f.total_time / 1000)::numeric, 6)
            ))
            from pg_stat_user_functions as f
            where f.schemaname = 'public' and f.funcname like 'realtime\_%'
        ),
        '{}'
    );
end
$$;

comment on function wedsync_realtime.rpc_figures() is
'Calls and seconds of each RPC since statistics were reset.';
revoke execute on function wedsync_realtime.rpc_figures()
from public, anon, authenticated, service_role;
