-- Begin the feed anew when it was written in another history of the database, as after a restore
-- or a promotion: its transaction ids mean nothing in this one. Every client must resync, which
-- it is told by the epoch of its cursor or, if it has got a new one already, by a reset.
-- Everybody who polls or writes queues behind the truncation, so it gives up where somebody is in
-- the way and is tried at the next run: until it succeeds feed_horizon keeps the old epoch. That is
-- as safe as the time between the restore and the first run, only longer: cursors of the old
-- history are refused by their epoch; those of the new one are delivered what is written in it, and
-- whatever they get beside it, as old events whose ids come round again, they are told to read
-- their copies anew by the reset that comes with the truncation. An old horizon ahead of all ids
-- would make every poll resync meanwhile: it is brought to this moment, which makes all earlier
-- cursors resync once.

create or replace function wedsync_realtime.renew_feed()
    returns boolean
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '200ms'
as $$
declare
    v_epoch text := wedsync_realtime.epoch();
    v_known text;
begin
    select h.epoch into v_known from wedsync_realtime.feed_horizon as h;
    if v_known is null then
        perform wedsync_realtime.note_server(v_epoch);
    end if;
    if coalesce(v_known, v_epoch) = v_epoch then
        return false;
    end if;
    begin
        truncate wedsync_realtime.events, wedsync_realtime.resets, wedsync_realtime.notices;
    exception
        when lock_not_available then
            update wedsync_realtime.feed_horizon as h
            set max_xid = pg_current_xact_id(), dropped = pg_current_snapshot()
            where h.max_xid > pg_current_xact_id();
            return false;
    end;
    update wedsync_realtime.feed_horizon as h
    set epoch = v_epoch, max_xid = '0', dropped = pg_current_snapshot(), durable_xid = null;
    insert into wedsync_realtime.resets (channel_id, reason)
    select c.id, 'epoch_changed' from wedsync_realtime.channels as c;
    return true;
end
$$;

comment on function wedsync_realtime.renew_feed() is
'Begin the feed anew after a restore or a promotion; false when there was none, or it could not '
'be done yet.';
revoke execute on function wedsync_realtime.renew_feed()
from public, anon, authenticated, service_role;
