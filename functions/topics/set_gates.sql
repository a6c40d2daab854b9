-- Open the gates of channels that have topics, and close those of channels that have none.
-- A gate is closed only by a transaction that has changed nothing yet: what this one had removed
-- itself could come back with its rollback, the gate would not open with it. The lock keeps new
-- topics away while it is closed, and goes with the subtransaction, whose rollback the gate does
-- not follow; whoever is making a topic right now is not waited for.
-- One that is found closed beside a topic, as a restore may leave it, has kept changes out of the
-- feed: clients must resync, once the writers are through that it has let pass. It is looked at
-- after the topic, because it was open before that could be seen; and opened after all else, which
-- may fail and would not be done again beside an open gate.

create or replace function wedsync_realtime.set_gates()
    returns void
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_may_close constant boolean := pg_current_xact_id_if_assigned() is null
    and current_setting('transaction_isolation') = 'read committed';
    v_gate regclass;
    v_channel smallint;
begin
    for v_channel, v_gate in
        select c.id, to_regclass(wedsync_realtime.gate_name(c.id))
        from wedsync_realtime.channels as c
    loop
        continue when v_gate is null;
        if exists (select from wedsync_realtime.topics as t where t.channel_id = v_channel) then
            if pg_sequence_last_value(v_gate) is null then
                update wedsync_realtime.topics as t
                set is_ready = false, blockers = null where t.channel_id = v_channel;
                insert into wedsync_realtime.resets (channel_id, reason)
                values (v_channel, 'dispatch_failed');
                perform setval(v_gate, 1);
            end if;
        elsif v_may_close and pg_sequence_last_value(v_gate) is not null then
            begin
                lock table wedsync_realtime.topics in share row exclusive mode nowait;
                if not exists (
                    select from wedsync_realtime.topics as t where t.channel_id = v_channel
                ) then
                    perform setval(v_gate, 1, false);
                end if;
                raise sqlstate 'WR001' using message = 'the gate is closed';
            exception
                when lock_not_available or sqlstate 'WR001' then null;
            end;
        end if;
    end loop;
end
$$;

comment on function wedsync_realtime.set_gates() is
'Open the gates of channels that have topics, close those of channels without any.';
revoke execute on function wedsync_realtime.set_gates()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.set_gates()
to wedsync_realtime_owner;
