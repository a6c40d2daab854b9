-- Show what a job has noted of the server, if it is this one: nothing where that was started since,
-- on a standby, or in a copy of the database. Then the control file is to be asked.

create or replace view wedsync_realtime.known_server as
select
    f.epoch,
    f.durable_xid,
    f.max_xid
from wedsync_realtime.feed_horizon as f
where
    f.server_started_at = pg_postmaster_start_time()
    and f.folder = rtrim(pg_relation_filepath('pg_catalog.pg_class'::regclass), '0123456789')
    and not pg_is_in_recovery();

comment on view wedsync_realtime.known_server is
'What a job has noted of this server; nothing where the control file is to be asked.';
comment on column wedsync_realtime.known_server.epoch is
'History of the database, as epoch() names it.';
comment on column wedsync_realtime.known_server.durable_xid is
'Transaction ids below were on disk when the job looked.';
comment on column wedsync_realtime.known_server.max_xid is
'Highest transaction id among the events removed so far.';
revoke all on wedsync_realtime.known_server from public, anon, authenticated, service_role;
grant select on wedsync_realtime.known_server to wedsync_realtime_owner;
