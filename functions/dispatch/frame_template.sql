-- Give the frame of a trigger function, around the statement that records: nothing is done while
-- the channel's gate is closed; with broadcasts, what was recorded is sent too. Somebody who sleeps
-- is woken where the gate's value is even, as hang_bell() says.

create or replace function wedsync_realtime.frame_template(broadcasts boolean)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_record constant text := case
        when broadcasts then $template$
    with recorded as ({statement}
        returning created_at, ctid
    )
    select array_agg(r.ctid), min(r.created_at) into v_places, v_since from recorded as r;
    if v_places is not null then
        perform wedsync_realtime.broadcast_events({id}::smallint, v_places, v_since);
    end if;$template$
        else '{statement};'
    end;
begin
    return $template$
declare
    v_gate constant bigint := pg_sequence_last_value({gate});
    v_looks boolean;
    v_before jsonb;$template$
    || case when broadcasts then $template$
    v_places tid[];
    v_since timestamptz;$template$ else '' end || $template$
begin
    if v_gate is null then
        return null;
    end if;
    if not ({settings}) then
        v_before := wedsync_realtime.pin_settings();
    end if;
    v_looks := current_setting('transaction_isolation') like 'read %';$template$
    || v_record || $template${ring}
    if v_before is not null then
        perform wedsync_realtime.restore_settings(v_before);
    end if;
    return null;
end
$template$;
end
$$;

comment on function wedsync_realtime.frame_template(boolean) is
'Frame of the trigger functions, around the statement that records.';
revoke execute on function wedsync_realtime.frame_template(boolean)
from public, anon, authenticated, service_role;
