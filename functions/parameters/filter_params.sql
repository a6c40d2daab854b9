-- Put checked filters into the form in which a lease keeps them: the tenant's key, the words,
-- and the conditions with the kind of comparison and the value as the column's type writes it.
-- What means the same looks the same, whatever order it came in: so it is one filter.

create or replace function wedsync_realtime.filter_params(
    channel wedsync_realtime.channels,
    filters jsonb
)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_params jsonb := (filters - array['supplier_id', 'couple_id', 'wedding_id'])
    || jsonb_build_object(channel.filter_key, lower(filters ->> channel.filter_key));
    v_key text;
begin
    foreach v_key in array array['operations', 'events', 'changed'] loop
        if filters ? v_key then
            v_params := v_params || jsonb_build_object(v_key, array(
                select distinct w from jsonb_array_elements_text(filters -> v_key) as w order by w
            ));
        end if;
    end loop;
    if filters ? 'where' then
        v_params := v_params || (
            select jsonb_build_object('where', jsonb_agg(distinct
                w.condition || jsonb_build_object('kind', c.kind, 'value', case w.condition ->> 'op'
                    when 'is' then w.condition -> 'value'
                    when 'in' then (
                        select jsonb_agg(distinct wedsync_realtime.cast_value(i, c.type))
                        from jsonb_array_elements_text(w.condition -> 'value') as i
                    )
                    else wedsync_realtime.cast_value(w.condition ->> 'value', c.type)
                end)
            ))
            from jsonb_array_elements(filters -> 'where') as w (condition)
            inner join wedsync_realtime.channel_columns(channel) as c
                on c.name = w.condition ->> 'column'
        );
    end if;
    return v_params;
end
$$;

comment on function wedsync_realtime.filter_params(wedsync_realtime.channels, jsonb) is
'Checked filters in the form in which a subscription keeps them.';
revoke execute on function wedsync_realtime.filter_params(wedsync_realtime.channels, jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.filter_params(wedsync_realtime.channels, jsonb)
to wedsync_realtime_owner;
