-- Give the end of both templates: wake the listeners of every topic that was recorded for, and
-- broadcast what was recorded; or do not.

create or replace function wedsync_realtime.wake_template(notifies boolean, broadcasts boolean)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_wakes constant text := case
        when notifies then 'pg_notify(''wedsync_realtime'', {prefix} || w.tenant_id)'
        else 'w.tenant_id'
    end;
begin
    if broadcasts then
        return format(
            $template$
    select count(%s), array_agg(w.ctid), min(w.created_at)
    into v_woken, v_places, v_since
    from recorded as w;
    if v_woken > 0 then
        perform wedsync_realtime.broadcast_events({id}::smallint, v_places, v_since);
    end if;
    return null;
end
$template$,
            v_wakes
        );
    end if;
    return format(
        $template$
    select count(%s) into v_woken
    from (select distinct r.tenant_id from recorded as r) as w;
    return null;
end
$template$,
        v_wakes
    );
end
$$;

comment on function wedsync_realtime.wake_template(boolean, boolean) is
'End of the templates of the trigger functions.';
revoke execute on function wedsync_realtime.wake_template(boolean, boolean)
from public, anon, authenticated, service_role;
