-- Give the end of both templates: wake the listeners of every topic that was recorded for, or do
-- not.

create or replace function wedsync_realtime.wake_template(notifies boolean)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return format(
        $template$
    select count(%s) into v_woken
    from (select distinct r.tenant_id from recorded as r) as w;
    return null;
end
$template$,
        case
            when notifies then 'pg_notify(''wedsync_realtime'', {prefix} || w.tenant_id)'
            else 'w.tenant_id'
        end
    );
end
$$;

comment on function wedsync_realtime.wake_template(boolean) is
'End of the templates of the trigger functions.';
revoke execute on function wedsync_realtime.wake_template(boolean)
from public, anon, authenticated, service_role;
