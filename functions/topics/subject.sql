-- Name the subject on which what a subscription asks for is published.

create or replace function wedsync_realtime.subject(channel text, tenant_id uuid, filter_id text)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return concat_ws('.', 'wedsync.event', channel, tenant_id, filter_id);
end
$$;

comment on function wedsync_realtime.subject(text, uuid, text) is
'Subject of a channel and tenant and, if given, of a filter.';
revoke execute on function wedsync_realtime.subject(text, uuid, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.subject(text, uuid, text)
to wedsync_realtime_owner;
