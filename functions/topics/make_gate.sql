-- Make the gate of a channel, closed, unless it is there.

create or replace function wedsync_realtime.make_gate(channel wedsync_realtime.channels)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_gate constant text := wedsync_realtime.gate_name(channel.id);
begin
    if to_regclass(v_gate) is not null then
        return;
    end if;
    execute format('create sequence %s', v_gate);
    execute format(
        'comment on sequence %s is %L', v_gate,
        format('Gate of the channel %s: has a value while it may have topics.', channel.name)
    );
    execute format(
        'revoke all on sequence %s from public, anon, authenticated, service_role', v_gate
    );
    execute format('grant select, update on sequence %s to wedsync_realtime_owner', v_gate);
end
$$;

comment on function wedsync_realtime.make_gate(wedsync_realtime.channels) is
'Make the gate of a channel, closed.';
revoke execute on function wedsync_realtime.make_gate(wedsync_realtime.channels)
from public, anon, authenticated, service_role;
