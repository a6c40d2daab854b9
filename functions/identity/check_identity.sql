-- Check that a caller is somebody.
-- Refuses: unauthorized.

create or replace function wedsync_realtime.check_identity(user_id uuid)
    returns wedsync_realtime.problem
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    if user_id is null then
        return wedsync_realtime.to_problem(
            'unauthorized', hint => 'The request carries no valid user: sub must be a uuid.'
        );
    end if;
    return null;
end
$$;

comment on function wedsync_realtime.check_identity(uuid) is
'Problem with the caller''s identity, or null.';
revoke execute on function wedsync_realtime.check_identity(uuid)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.check_identity(uuid)
to wedsync_realtime_owner;
