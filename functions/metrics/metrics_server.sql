-- metrics(): what dispatch could not do, and the server's own.

create or replace function wedsync_realtime.metrics_server()
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
        'dispatch_failures', 'gauge', 'Failures of dispatch within the retained feed.',
        jsonb_build_object('kind', k.kind), (
            select coalesce(sum(f.count), 0)::double precision
            from wedsync_realtime.dispatch_failures as f where f.kind = k.kind
        )
    from (values ('dispatch'), ('broadcast')) as k (kind);

    return query
    select
        'notify_queue_ratio', 'gauge', 'Share of the NOTIFY queue in use.', jsonb_build_object(),
        pg_notification_queue_usage();

    return query
    select
        'replication_slot_bytes', 'gauge', 'WAL kept for a replication slot.',
        jsonb_build_object('slot', s.slot_name),
        pg_wal_lsn_diff(
            case
                when pg_is_in_recovery() then pg_last_wal_replay_lsn()
                else pg_current_wal_lsn()
            end, s.restart_lsn
        )::double precision
    from pg_replication_slots as s;

    return query
    select
        'deployed_timestamp_seconds', 'gauge', 'When a script was last deployed.',
        jsonb_build_object(), extract(epoch from max(d.applied_at))::double precision
    from wedsync_realtime.deployed_scripts as d;
end
$$;

comment on function wedsync_realtime.metrics_server() is 'metrics(): dispatch and server.';
revoke execute on function wedsync_realtime.metrics_server()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.metrics_server()
to wedsync_realtime_owner, wedsync_realtime_monitor;
