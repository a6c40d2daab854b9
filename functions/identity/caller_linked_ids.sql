-- List the other side of the caller's client links: a supplier's couples, a couple's suppliers.

create or replace function wedsync_realtime.caller_linked_ids()
    returns setof uuid
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select case p.user_type when 'supplier' then k.couple_id else k.supplier_id end
    from public.user_profiles as p
    inner join public.clients as k
        on
            (p.user_type = 'supplier' and k.supplier_id = p.supplier_id)
            or (p.user_type = 'couple' and k.couple_id = p.couple_id)
    where p.id = wedsync_realtime.caller_id() and k.couple_id is not null;
end
$$;

comment on function wedsync_realtime.caller_linked_ids() is
'Couples linked to the caller''s supplier, or suppliers linked to the caller''s couple.';
revoke execute on function wedsync_realtime.caller_linked_ids()
from public, anon;
grant execute on function wedsync_realtime.caller_linked_ids()
to authenticated, service_role;
