-- Give the frame of a trigger function, around what it records: nothing is done while the channel's
-- gate is closed. Somebody who sleeps is woken where the gate's value is even, as hang_bell() says.

create or replace function wedsync_realtime.frame_template()
    returns text
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
return $template$
declare
    v_gate bigint := pg_sequence_last_value({gate});
    v_looks boolean;
    v_before jsonb;
begin
    -- expressions are few, because each is made ready anew in every transaction
    if v_gate is null or not ({settings}) then
        if v_gate is null then
            return null;
        end if;
        v_before := wedsync_realtime.pin_settings();
    end if;{record}
    if v_gate % 2 = 0 or v_before is not null then{ring}
        if v_before is not null then
            perform wedsync_realtime.restore_settings(v_before);
        end if;
    end if;
    return null;
end
$template$;

comment on function wedsync_realtime.frame_template() is
'Frame of the trigger functions, around what they record.';
revoke execute on function wedsync_realtime.frame_template()
from public, anon, authenticated, service_role;
