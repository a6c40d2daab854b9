-- Hold a user, before their profile and their leases, until what is done about them is committed:
-- in the order in which a deletion of the user takes them, so that neither waits for the other in
-- a circle. Definer, and left with the deploying role by own_functions: on Supabase the owner role
-- may not read auth.users. Where the deploying role may not lock it either, a deadlock is
-- detected instead.

create or replace function wedsync_realtime.lock_user(user_id uuid)
    returns void
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if has_any_column_privilege('auth.users'::regclass, 'update') then
        perform 1 from auth.users as u where u.id = user_id for key share;
    end if;
end
$$;

comment on function wedsync_realtime.lock_user(uuid) is
'Hold a user until the end of the transaction.';
revoke execute on function wedsync_realtime.lock_user(uuid)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.lock_user(uuid)
to wedsync_realtime_owner;
