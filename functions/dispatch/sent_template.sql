-- Give the template around a statement that records; with broadcasts, that is sent too.

create or replace function wedsync_realtime.sent_template(broadcasts boolean)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when broadcasts then $template$
    declare
        v_places tid[];
        v_since timestamptz;
    begin
    with recorded as ({statement}
        returning created_at, ctid
    )
    select array_agg(r.ctid), min(r.created_at) into v_places, v_since from recorded as r;
    if v_places is not null then
        perform wedsync_realtime.broadcast_events({id}::smallint, v_places, v_since);
    end if;
    end;$template$
        else '{statement};'
    end;
end
$$;

comment on function wedsync_realtime.sent_template(boolean) is
'Template around a statement that records.';
revoke execute on function wedsync_realtime.sent_template(boolean)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.sent_template(boolean)
to wedsync_realtime_owner;
