-- Hang out the bell of all channels for a relay, as hang_bell() does for a reader, but so that the
-- next writer rings however short ago somebody has: a relay goes to sleep after a look that showed
-- it all there was. It calls no more often than it wakes.
-- False: nobody will ring.

create or replace function wedsync_realtime.hang_relay_bell()
    returns boolean
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('transaction_read_only') = 'on' then
        return false;
    end if;
    return (
        select s.notify_enabled and (
            select count(setval(g.gate, pg_sequence_last_value(g.gate) / 4 * 4 + 2)) >= 0
            from (
                -- as gate_name() does, without a call for each
                select to_regclass('wedsync_realtime.gate_' || c.id) as gate
                from wedsync_realtime.channels as c
                offset 0
            ) as g
            where pg_sequence_last_value(g.gate) % 4 <> 2
        )
        from wedsync_realtime.settings as s
    );
end
$$;

comment on function wedsync_realtime.hang_relay_bell() is
'Have the next writer on any channel wake a relay, which listens; false: nobody will.';
revoke execute on function wedsync_realtime.hang_relay_bell()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.hang_relay_bell() to wedsync_realtime_relay;
