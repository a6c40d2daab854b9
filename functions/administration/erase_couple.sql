-- Take a couple and its users out of audit and feed, end their subscriptions, and give a receipt.
-- A dry run does the same and takes all of it back, so its figures are those of the real one.

create or replace function wedsync_realtime.erase_couple(
    couple_id uuid,
    dry_run boolean default true
)
    returns table (item text, action text, rows bigint, reason text)
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_users uuid[];
    v_receipt jsonb;
begin
    if couple_id is null then
        raise exception 'erase_couple needs a couple_id'
            using errcode = 'invalid_parameter_value';
    end if;
    v_users := array(
        select p.id from public.user_profiles as p where p.couple_id = erase_couple.couple_id
    );
    begin
        select jsonb_agg(to_jsonb(e)) into v_receipt
        from wedsync_realtime.erase('couple', couple_id, v_users) as e;
        if dry_run is distinct from false then
            raise exception using errcode = 'WR001';
        end if;
    exception
        when sqlstate 'WR001' then null;
    end;
    return query
    select r.item, r.action, r.rows, r.reason
    from jsonb_to_recordset(v_receipt)
    as r (item text, action text, rows bigint, reason text);
end
$$;

comment on function wedsync_realtime.erase_couple(uuid, boolean) is
'Erase a couple, unless dry_run; returns what went, what must stay and why.';
revoke execute on function wedsync_realtime.erase_couple(uuid, boolean)
from public, anon, authenticated, service_role;
