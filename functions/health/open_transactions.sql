-- List transactions that are open for long, prepared ones too: they keep topics from settling,
-- hold what upkeep wants to drop, and make dead rows pile up.
-- Definer, and left with the deploying role by own_functions, because only a superuser or a member
-- of pg_read_all_stats is told about the sessions of others; from anybody else they are counted
-- as hidden.

create or replace function wedsync_realtime.open_transactions(
    longer_than interval default '1 second'
)
    returns table (
        pid       integer,
        role      text,
        client    text,
        state     text,
        open_for  interval,
        idle_for  interval,
        is_hidden boolean
    )
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        a.pid, a.usename::text, concat_ws(' ', a.application_name, host(a.client_addr)), a.state,
        clock_timestamp() - a.xact_start,
        case when a.state like 'idle in transaction%' then clock_timestamp() - a.state_change end,
        a.state is null
    from pg_stat_activity as a
    where
        a.datname = current_database()
        and a.pid <> pg_backend_pid()
        and coalesce(a.backend_type, 'client backend') = 'client backend'
        and (
            a.xact_start < clock_timestamp() - longer_than
            -- of hidden ones only those that hold a snapshot or an id can be told
            or a.state is null and (a.backend_xid is not null or a.backend_xmin is not null)
        )
    union all
    select
        null, p.owner::text, 'prepared ' || p.gid, 'prepared', clock_timestamp() - p.prepared,
        clock_timestamp() - p.prepared, false
    from pg_prepared_xacts as p
    where p.database = current_database() and p.prepared < clock_timestamp() - longer_than;
end
$$;

comment on function wedsync_realtime.open_transactions(interval) is
'Transactions that are open for longer than an interval; end one with '
'pg_terminate_backend(pid), or ROLLBACK PREPARED.';
revoke execute on function wedsync_realtime.open_transactions(interval)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.open_transactions(interval)
to wedsync_realtime_owner, wedsync_realtime_monitor;
