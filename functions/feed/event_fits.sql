-- Say whether an event passes the filters of a lease. What changed in an UPDATE is no longer known
-- when erase_feed() has cut it: it passes. It passes where when the row fits before or after, so
-- that a row which leaves the filter is seen leaving.
-- Numbers compare as numbers, times as times (of UTC, which those who call have set), all else as
-- text in byte order, by the kind noted at subscribe. A value that does not compare, null or, after
-- a change of the column's type, of another kind, does not fit: a tenant's row must not make a poll
-- fail.

create or replace function wedsync_realtime.event_fits(
    filter    jsonb,
    operation "char",
    event     text,
    changed   text[],
    new       jsonb,
    old       jsonb
)
    returns boolean
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_row jsonb;
begin
    -- expressions without a query, which plpgsql evaluates by itself
    if not filter -> 'operations' ? (
            case operation when 'I' then 'INSERT' when 'U' then 'UPDATE' else 'DELETE' end
        )
        or filter ? 'events' and (filter -> 'events' ? event) is not true
        or operation = 'U' and not filter -> 'changed' ?| changed
    then
        return false;
    end if;
    if not filter ? 'where' then
        return true;
    end if;
    foreach v_row in array array[new, old] loop
        continue when v_row is null;
        begin
            perform
            from jsonb_array_elements(filter -> 'where') as w (condition)
            cross join lateral (
                select w.condition ->> 'op' as op, v_row -> (w.condition ->> 'column') as content
            ) as c
            where case c.op
                when 'is' then coalesce(c.content, 'null') = w.condition -> 'value'
                else exists (
                    -- a list of values, or one
                    select
                    from jsonb_path_query(w.condition -> 'value', '$[*]') as v (item)
                    cross join lateral (
                        select c.content #>> '{}' as one, v.item #>> '{}' as two
                    ) as t
                    cross join lateral (select case w.condition ->> 'kind'
                        when 'number' then numeric_cmp(t.one::numeric, t.two::numeric)
                        -- a date may lie beyond every timestamp
                        when 'time' then timestamptz_cmp(
                            regexp_replace(t.one, '^[0-9]{6}.*', 'infinity')::timestamptz,
                            regexp_replace(t.two, '^[0-9]{6}.*', 'infinity')::timestamptz
                        )
                        else bttextcmp(t.one collate "C", t.two)
                    end as difference) as d
                    where case c.op
                        when 'neq' then d.difference <> 0
                        when 'lt' then d.difference < 0
                        when 'lte' then d.difference <= 0
                        when 'gt' then d.difference > 0
                        when 'gte' then d.difference >= 0
                        else d.difference = 0
                    end
                )
            end is not true;
            if not found then
                return true;
            end if;
        exception
            when data_exception then null;
        end;
    end loop;
    return false;
end
$$;

comment on function wedsync_realtime.event_fits(jsonb, "char", text, text[], jsonb, jsonb) is
'Whether an event passes the filters of a subscription.';
revoke execute on function wedsync_realtime.event_fits(jsonb, "char", text, text[], jsonb, jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.event_fits(jsonb, "char", text, text[], jsonb, jsonb)
to wedsync_realtime_owner;
