-- Check that an argument can be a channel id at all.
-- Refuses: invalid_request.

create or replace function wedsync_realtime.check_channel_id(channel text)
    returns wedsync_realtime.problem
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    if channel is null or length(channel) not between 1 and 200 then
        return wedsync_realtime.to_problem(
            'invalid_request', 'channel must be a channel id, as subscribe answered it'
        );
    end if;
    return null;
end
$$;

comment on function wedsync_realtime.check_channel_id(text) is
'Problem with the form of a channel id, or null.';
revoke execute on function wedsync_realtime.check_channel_id(text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.check_channel_id(text)
to wedsync_realtime_owner;
