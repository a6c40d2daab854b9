-- health(): WAL that is kept for replication slots.

create or replace function wedsync_realtime.health_slots()
    returns table (name text, status text, value text, advice text, sql text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_settings wedsync_realtime.settings;
    v_lsn pg_lsn := case
        when pg_is_in_recovery() then pg_last_wal_replay_lsn()
        else pg_current_wal_lsn()
    end;
begin
    select s.* into v_settings from wedsync_realtime.settings as s;
    return query
    select
        'replication_slots',
        case
            when bool_or(r.is_lost or r.held >= 4 * v_settings.warn_slot_bytes) then 'fail'
            when max(r.held) >= v_settings.warn_slot_bytes then 'warn'
            else 'ok'
        end,
        coalesce(
            string_agg(format('%s: %s', r.slot_name, pg_size_pretty(r.held)), ', '), 'none'
        ),
        case
            when bool_or(r.is_lost or r.held >= v_settings.warn_slot_bytes)
                then 'WAL is kept for a reader that does not come: the disk will fill. Start the '
                    'reader, or drop the slot.'
            else ''
        end,
        coalesce(
            string_agg(format('select pg_drop_replication_slot(%L)', r.slot_name), '; ') filter (
                where r.is_lost or r.held >= v_settings.warn_slot_bytes
            ), ''
        )
    from (
        select
            s.slot_name, coalesce(pg_wal_lsn_diff(v_lsn, s.restart_lsn), 0)::bigint as held,
            coalesce(s.wal_status in ('unreserved', 'lost'), false) as is_lost
        from pg_replication_slots as s
    ) as r;
end
$$;

comment on function wedsync_realtime.health_slots() is 'health(): replication slots.';
revoke execute on function wedsync_realtime.health_slots()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.health_slots()
to wedsync_realtime_owner;
