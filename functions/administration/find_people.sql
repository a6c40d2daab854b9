-- Find whom support asks about: suppliers and couples by a part of their name, and by an id the
-- user, or the tenant with its users. Names are asked for at run time, as in tenant_name().
-- Definer: the monitor reads no table of the application.

create or replace function wedsync_realtime.find_people(term text)
    returns table (
        kind text, id uuid, name text, tenant_id uuid, tenant_kind text, tenant_name text
    )
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_most constant integer := 50;
    v_term text := lower(trim(term));
    v_id uuid;
begin
    if v_term ~ '^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$' then
        v_id := v_term::uuid;
        return query
        select k.kind, v_id, n.name, v_id, k.kind, n.name
        from wedsync_realtime.tenant_kind(v_id) as k (kind)
        cross join wedsync_realtime.tenant_name(v_id) as n (name)
        where k.kind is not null
        union all
        (
            select 'user', p.id, null, t.id, p.user_type, wedsync_realtime.tenant_name(t.id)
            from public.user_profiles as p
            cross join lateral (
                select case p.user_type when 'supplier' then p.supplier_id else p.couple_id end
            ) as t (id)
            where p.id = v_id or t.id = v_id
            order by p.id
            limit v_most
        );
        -- explain_access() can tell about a user without a profile, too
        return query select 'user', v_id, null::text, null::uuid, null::text, null::text
        where not found;
    elsif v_term <> '' then
        return query
        select d.kind, d.id, d.name, d.id, d.kind, d.name
        from (
            select 'supplier', s.id, s.business_name from public.suppliers as s
            union all
            select 'couple', c.id, c.display_name from public.couples as c
        ) as d (kind, id, name)
        where strpos(lower(d.name), v_term) > 0
        order by starts_with(lower(d.name), v_term) desc, d.name, d.id
        limit v_most;
    end if;
exception
    when undefined_table or undefined_column or insufficient_privilege then
        return;
end
$$;

comment on function wedsync_realtime.find_people(text) is
'Suppliers and couples by a part of their name; by an id the user, or the tenant and its users.';
revoke execute on function wedsync_realtime.find_people(text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.find_people(text)
to wedsync_realtime_monitor;
