-- Write the trigger functions of a channel from its row in the registry, its event rules and the
-- settings, all as constants, because looking them up would cost every writer. Replacing them
-- takes no lock on the table. They do without jit: a session that has written much would go on
-- with a plan for much, and have it compiled anew for every single row.
-- A channel without a gate gets one, closed.

create or replace function wedsync_realtime.compile_channel(channel wedsync_realtime.channels)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
-- identifiers and bodies are quoted by format: @plpgsql_check_options: security_warnings = off
declare
    v_gate constant text := wedsync_realtime.gate_name(channel.id);
    v_name text;
    v_body text;
    v_operation text;
    v_has_written boolean := false;
begin
    if to_regclass(v_gate) is null then
        execute format('create sequence %s', v_gate);
        execute format(
            'comment on sequence %s is %L', v_gate,
            format('Gate of the channel %s: has a value while it may have topics.', channel.name)
        );
        execute format(
            'revoke all on sequence %s from public, anon, authenticated, service_role', v_gate
        );
        execute format('grant select, update on sequence %s to wedsync_realtime_owner', v_gate);
    end if;
    foreach v_operation in array array['INSERT', 'UPDATE', 'DELETE'] loop
        v_name := wedsync_realtime.dispatch_name(channel.name, v_operation);
        v_body := wedsync_realtime.dispatch_body(channel, v_operation);
        continue when v_body = (
            select p.prosrc
            from pg_proc as p
            where p.pronamespace = 'wedsync_realtime'::regnamespace and p.proname = v_name
        );
        execute format(
            'create or replace function wedsync_realtime.%I() returns trigger language plpgsql '
            'volatile security definer set search_path = pg_catalog, pg_temp set jit = off '
            'as %L',
            v_name, v_body
        );
        execute format(
            'comment on function wedsync_realtime.%I() is %L', v_name,
            format('Trigger, compiled: records %s on the channel %s.', v_operation, channel.name)
        );
        execute format(
            'revoke execute on function wedsync_realtime.%I() '
            'from public, anon, authenticated, service_role', v_name
        );
        v_has_written := true;
    end loop;
    perform wedsync_realtime.own_functions() where v_has_written;
end
$$;

comment on function wedsync_realtime.compile_channel(wedsync_realtime.channels) is
'Write the trigger functions of a channel, and make its gate.';
revoke execute on function wedsync_realtime.compile_channel(wedsync_realtime.channels)
from public, anon, authenticated, service_role;
