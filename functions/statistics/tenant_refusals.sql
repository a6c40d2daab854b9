-- Count the refused calls of each supplier's and couple's users; of users without a profile none.

create or replace function wedsync_realtime.tenant_refusals()
    returns table (tenant_id uuid, refusals_1h bigint, refusals_24h bigint)
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
    set jit = off
as $$
begin
    return query
    select
        case p.user_type when 'supplier' then p.supplier_id else p.couple_id end,
        sum(u.last_hour)::bigint, sum(u.last_day)::bigint
    from (
        select
            l.user_id,
            coalesce(sum((l.payload ->> 'count')::bigint) filter (
                where l."timestamp" > statement_timestamp() - interval '1 hour'
            ), 0) as last_hour,
            sum((l.payload ->> 'count')::bigint) as last_day
        from public.realtime_activity_logs as l
        where
            l.event_type = 'refused'
            and l."timestamp" > statement_timestamp() - interval '24 hours'
        group by l.user_id
    ) as u
    inner join public.user_profiles as p on p.id = u.user_id
    where case p.user_type when 'supplier' then p.supplier_id else p.couple_id end is not null
    group by 1;
end
$$;

comment on function wedsync_realtime.tenant_refusals() is
'Refused calls of the last hour and day by supplier and couple.';
revoke execute on function wedsync_realtime.tenant_refusals()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.tenant_refusals()
to wedsync_realtime_owner, wedsync_realtime_monitor;
