-- Note what polls would otherwise ask the control file for: which server this is, in which history
-- of the database, and what is on disk. Not in a feed of another history, which has to begin anew.

create or replace function wedsync_realtime.note_server(epoch text)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    update wedsync_realtime.feed_horizon as h
    set
        epoch = note_server.epoch, server_started_at = pg_postmaster_start_time(),
        folder = n.folder, durable_xid = n.durable_xid
    from (
        select
            rtrim(pg_relation_filepath('pg_catalog.pg_class'::regclass), '0123456789') as folder,
            wedsync_realtime.durable_xid() as durable_xid
    ) as n
    where
        coalesce(h.epoch, note_server.epoch) = note_server.epoch
        and (h.epoch, h.server_started_at, h.folder, h.durable_xid) is distinct from
        (note_server.epoch, pg_postmaster_start_time(), n.folder, n.durable_xid);
end
$$;

comment on function wedsync_realtime.note_server(text) is
'Note which server this is and what is on disk, for polls.';
revoke execute on function wedsync_realtime.note_server(text)
from public, anon, authenticated, service_role;
