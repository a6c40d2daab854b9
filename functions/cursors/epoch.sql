-- Name this history of the database, so that a cursor from another one is recognised: cluster,
-- timeline and the folder of this database, which holds its oid. A primary knows its timeline at
-- once by the name of its WAL file, a standby by the control file.

create or replace function wedsync_realtime.epoch()
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_timeline text;
begin
    -- expressions without a query, which plpgsql evaluates by itself: every call asks for this
    if pg_is_in_recovery() then
        v_timeline := upper(lpad(to_hex((pg_control_checkpoint()).timeline_id), 8, '0'));
    else
        v_timeline := left(pg_walfile_name(pg_current_wal_lsn()), 8);
    end if;
    return left(md5(
        (pg_control_system()).system_identifier || v_timeline
        || rtrim(pg_relation_filepath('pg_catalog.pg_class'::regclass), '0123456789')
    ), 8);
end
$$;

comment on function wedsync_realtime.epoch() is
'Name of this history of the database: another one after restore into another place or promotion.';
revoke execute on function wedsync_realtime.epoch() from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.epoch() to wedsync_realtime_owner;
