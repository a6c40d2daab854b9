-- Name the trigger function of a channel for one operation.

create or replace function wedsync_realtime.dispatch_name(channel text, operation text)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return concat_ws('_', 'dispatch', replace(channel, '-', '_'), lower(operation));
end
$$;

comment on function wedsync_realtime.dispatch_name(text, text) is
'Name of the trigger function of a channel for one operation.';
revoke execute on function wedsync_realtime.dispatch_name(text, text)
from public, anon, authenticated, service_role;
