-- Hang out the bell of channels, all or some: the next writer who records something on one of them
-- wakes those who LISTEN, and takes it down. Readers call it before they go to sleep, and look once
-- more afterwards; what a writer had recorded already and commits later wakes nobody, so they look
-- again at times. Who finds that it has rung since the last call has missed that: look at once.
-- The bell hangs in the channel's gate, which dispatch looks at anyway: an even value, four times
-- the time of the last ring in milliseconds, and 2 more where a relay has hung it; an odd one is a
-- gate without a bell. A sequence changes at once, not at commit, and is written only where the
-- bell is down: who calls all the time makes writers ring as often as ring_bell() lets them.
-- Definer: nobody but the owner may write a gate.

create or replace function wedsync_realtime.hang_bell(channels text[] default null)
    returns bigint
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_rung bigint;
    v_down regclass[];
begin
    if current_setting('transaction_read_only') = 'on'
        or not (select s.notify_enabled from wedsync_realtime.settings as s)
    then
        return null;
    end if;
    select
        greatest(max(b.value / 4), 1), array_agg(b.gate) filter (where b.value % 2 = 1)
    into v_rung, v_down
    from (
        select g.gate, pg_sequence_last_value(g.gate) as value
        from wedsync_realtime.channels as c
        cross join to_regclass(wedsync_realtime.gate_name(c.id)) as g (gate)
        where c.name = any (hang_bell.channels) or hang_bell.channels is null
        offset 0
    ) as b;
    if v_down is not null then
        perform setval(g.gate, greatest(pg_sequence_last_value(g.gate) / 4 * 4, 4))
        from unnest(v_down) as g (gate);
    end if;
    return v_rung;
end
$$;

comment on function wedsync_realtime.hang_bell(text[]) is
'Have the next writer on channels, all or some, wake whoever listens to NOTIFY wedsync_realtime; '
'answers when that last happened, in epoch milliseconds. Null: nobody will, so look at intervals.';
revoke execute on function wedsync_realtime.hang_bell(text[]) from public, anon, service_role;
grant execute on function wedsync_realtime.hang_bell(text[])
to authenticated, wedsync_realtime_relay;
