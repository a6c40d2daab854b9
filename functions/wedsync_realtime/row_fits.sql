-- Say whether a row meets all conditions of a where filter; null is no row and meets none.
-- Numbers compare as numbers, times as times, all else as text in byte order, by the kind noted
-- at subscribe.

create or replace function wedsync_realtime.row_fits(conditions jsonb, content jsonb)
    returns boolean
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
begin
    return (
        select row_fits.content is not null and coalesce(bool_and(coalesce(
            case w.op
                when 'is' then coalesce(row_fits.content -> w."column", 'null') = w.value
                when 'eq' then d.difference = 0
                when 'neq' then d.difference <> 0
                when 'lt' then d.difference < 0
                when 'lte' then d.difference <= 0
                when 'gt' then d.difference > 0
                when 'gte' then d.difference >= 0
                when 'in' then exists (
                    select from jsonb_array_elements_text(w.value) as v (item)
                    where wedsync_realtime.compare(
                        w.kind, row_fits.content ->> w."column", v.item
                    ) = 0
                )
            end,
            false
        )), true)
        from jsonb_to_recordset(row_fits.conditions)
            as w ("column" text, op text, value jsonb, kind text)
        cross join lateral (
            select case when w.op not in ('is', 'in') then wedsync_realtime.compare(
                w.kind, row_fits.content ->> w."column", w.value #>> '{}'
            ) end as difference
        ) as d
    );
end
$$;

comment on function wedsync_realtime.row_fits(jsonb, jsonb) is
'Whether a row meets all conditions of a where filter.';
revoke execute on function wedsync_realtime.row_fits(jsonb, jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.row_fits(jsonb, jsonb)
to wedsync_realtime_owner;
