-- Find the supplier or couple that a user belongs to: whose limit the user's subscriptions count
-- against.

create or replace function wedsync_realtime.user_tenant(user_id uuid)
    returns uuid
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select case p.user_type when 'supplier' then p.supplier_id else p.couple_id end
        from public.user_profiles as p
        where p.id = user_tenant.user_id
    );
end
$$;

comment on function wedsync_realtime.user_tenant(uuid) is
'Supplier or couple that a user belongs to.';
revoke execute on function wedsync_realtime.user_tenant(uuid)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.user_tenant(uuid)
to wedsync_realtime_owner;
