-- Begin the feed anew when it was written in another history of the database, as after a restore
-- or a promotion: its transaction ids mean nothing in this one. Every client must resync, which
-- it is told by the epoch of its cursor or, if it has got a new one already, by a reset.

create or replace function wedsync_realtime.renew_feed()
    returns boolean
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_epoch text := wedsync_realtime.epoch();
    v_known text;
begin
    select h.epoch into v_known from wedsync_realtime.feed_horizon as h;
    if v_known = v_epoch then
        return false;
    end if;
    update wedsync_realtime.feed_horizon as h set epoch = v_epoch;
    if v_known is null then
        return false;
    end if;
    truncate wedsync_realtime.events, wedsync_realtime.resets;
    update wedsync_realtime.feed_horizon as h
    set max_xid = '0', dropped = pg_current_snapshot();
    insert into wedsync_realtime.resets (channel_id, reason)
    select c.id, 'epoch_changed' from wedsync_realtime.channels as c;
    return true;
end
$$;

comment on function wedsync_realtime.renew_feed() is
'Begin the feed anew after a restore or a promotion; false when there was none.';
revoke execute on function wedsync_realtime.renew_feed()
from public, anon, authenticated, service_role;
