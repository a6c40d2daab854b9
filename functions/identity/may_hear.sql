-- Decide whether a user may hear a channel of a tenant: the one decision that subscribe, poll,
-- revocation and explanation all ask. Null and false both mean no.

create or replace function wedsync_realtime.may_hear(
    user_id    uuid,
    channel_id smallint,
    tenant_id  uuid
)
    returns boolean
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_supplier uuid;
    v_couple uuid;
    v_authoriser text;
begin
    select p.supplier_id, p.couple_id, case p.user_type
        when 'supplier' then c.supplier_authoriser
        when 'couple' then c.couple_authoriser
    end
    into v_supplier, v_couple, v_authoriser
    from wedsync_realtime.channels as c
    inner join public.user_profiles as p on p.id = may_hear.user_id
    where c.id = may_hear.channel_id and c.is_enabled;
    if v_authoriser = 'linked_couple' then
        return exists (
            select from public.clients as k
            where k.supplier_id = v_supplier and k.couple_id = may_hear.tenant_id
        );
    end if;
    return case v_authoriser
        when 'own_supplier' then v_supplier = may_hear.tenant_id
        when 'own_couple' then v_couple = may_hear.tenant_id
    end;
end
$$;

comment on function wedsync_realtime.may_hear(uuid, smallint, uuid) is
'Whether a user may hear a channel of a tenant; null means no.';
revoke execute on function wedsync_realtime.may_hear(uuid, smallint, uuid)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.may_hear(uuid, smallint, uuid)
to wedsync_realtime_owner;
