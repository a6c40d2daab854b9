-- Name this history of the database, so that a cursor from another one is recognised.
-- A primary knows its timeline at once by the name of its WAL file; a standby by the control file.

create or replace function wedsync_realtime.epoch()
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select substr(md5(concat_ws(
            '/',
            (select s.system_identifier from pg_control_system() as s),
            case
                when pg_is_in_recovery()
                    then (
                        select lpad(to_hex(c.timeline_id), 8, '0') from pg_control_checkpoint() as c
                    )
                else lower(substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))
            end,
            (select d.oid from pg_database as d where d.datname = current_database())
        )), 1, 8)
    );
end
$$;

comment on function wedsync_realtime.epoch() is
'Name of this history of the database: another one after restore into another place or promotion.';
revoke execute on function wedsync_realtime.epoch() from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.epoch() to wedsync_realtime_owner;
