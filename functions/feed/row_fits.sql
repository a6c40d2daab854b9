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
    return content is not null and not exists (
        select
        from jsonb_array_elements(conditions) as w (condition)
        cross join lateral (
            select
                w.condition ->> 'op' as op,
                w.condition -> 'value' as value,
                w.condition ->> 'kind' as kind,
                content -> (w.condition ->> 'column') as actual
        ) as c
        cross join lateral (
            select case when c.op not in ('is', 'in') then wedsync_realtime.compare(
                c.kind, c.actual #>> '{}', c.value #>> '{}'
            ) end as difference
        ) as d
        where case c.op
            when 'is' then coalesce(c.actual, 'null') = c.value
            when 'eq' then d.difference = 0
            when 'neq' then d.difference <> 0
            when 'lt' then d.difference < 0
            when 'lte' then d.difference <= 0
            when 'gt' then d.difference > 0
            when 'gte' then d.difference >= 0
            when 'in' then exists (
                select from jsonb_array_elements_text(c.value) as v (item)
                where wedsync_realtime.compare(c.kind, c.actual #>> '{}', v.item) = 0
            )
        end is not true
    );
end
$$;

comment on function wedsync_realtime.row_fits(jsonb, jsonb) is
'Whether a row meets all conditions of a where filter.';
revoke execute on function wedsync_realtime.row_fits(jsonb, jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.row_fits(jsonb, jsonb)
to wedsync_realtime_owner;
