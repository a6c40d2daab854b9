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
begin
    return (
        select case
            when not c.is_enabled then false
            when p.user_type = 'supplier' then case c.supplier_authoriser
                when 'own_supplier' then p.supplier_id = may_hear.tenant_id
                when 'linked_couple' then exists (
                    select from public.clients as k
                    where k.supplier_id = p.supplier_id and k.couple_id = may_hear.tenant_id
                )
            end
            when p.user_type = 'couple' then case c.couple_authoriser
                when 'own_couple' then p.couple_id = may_hear.tenant_id
            end
        end
        from wedsync_realtime.channels as c
        inner join public.user_profiles as p on p.id = may_hear.user_id
        where c.id = may_hear.channel_id
    );
end
$$;

comment on function wedsync_realtime.may_hear(uuid, smallint, uuid) is
'Whether a user may hear a channel of a tenant; null means no.';
revoke execute on function wedsync_realtime.may_hear(uuid, smallint, uuid)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.may_hear(uuid, smallint, uuid)
to wedsync_realtime_owner;
