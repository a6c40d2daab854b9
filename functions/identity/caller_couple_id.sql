-- Find the caller's own couple; for policies, which call it once a statement.

create or replace function wedsync_realtime.caller_couple_id()
    returns uuid
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select p.couple_id
        from public.user_profiles as p
        where p.id = wedsync_realtime.caller_id() and p.user_type = 'couple'
    );
end
$$;

comment on function wedsync_realtime.caller_couple_id() is
'The caller''s own couple; null for others.';
revoke execute on function wedsync_realtime.caller_couple_id()
from public, anon;
grant execute on function wedsync_realtime.caller_couple_id()
to authenticated, service_role;
