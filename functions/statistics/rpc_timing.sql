-- What the RPCs take, as the server measures it.

create or replace view wedsync_realtime.rpc_timing as
select
    p.proname::text collate pg_catalog."default" as rpc,
    current_setting('track_functions') <> 'none' as is_tracked,
    f.calls,
    f.total_time / 1000 as total_seconds,
    f.total_time / nullif(f.calls, 0) as mean_ms,
    f.self_time / nullif(f.calls, 0) as self_ms
from pg_proc as p
left join pg_stat_user_functions as f on p.oid = f.funcid
where
    p.pronamespace = 'public'::regnamespace
    and p.proname in (
        'realtime_subscribe', 'realtime_unsubscribe', 'realtime_unsubscribe_all',
        'realtime_ping', 'realtime_poll', 'realtime_status', 'realtime_connection_stats'
    );

comment on view wedsync_realtime.rpc_timing is
'Calls and time of each RPC since statistics were reset. The server measures them once a '
'superuser says: alter database <name> set track_functions = ''pl''.';
comment on column wedsync_realtime.rpc_timing.rpc is 'Function in schema public.';
comment on column wedsync_realtime.rpc_timing.is_tracked is
'Whether this session''s calls are measured; others may be set otherwise.';
comment on column wedsync_realtime.rpc_timing.calls is 'How often it was called.';
comment on column wedsync_realtime.rpc_timing.total_seconds is 'Time in it, seconds.';
comment on column wedsync_realtime.rpc_timing.mean_ms is 'Time of a call, milliseconds.';
comment on column wedsync_realtime.rpc_timing.self_ms is
'That time without the functions it calls, milliseconds.';
revoke all on wedsync_realtime.rpc_timing from public, anon, authenticated, service_role;
grant select on wedsync_realtime.rpc_timing to wedsync_realtime_monitor, wedsync_realtime_owner;
