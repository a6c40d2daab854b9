-- Check the argument filters of subscribe for every channel of the call.
-- Refuses: invalid_request with the key at fault, filter_required.

create or replace function wedsync_realtime.check_filters(
    known   wedsync_realtime.channels[],
    filters jsonb
)
    returns wedsync_realtime.problem
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    c_known constant text[] := array[
        'supplier_id', 'couple_id', 'wedding_id', 'operations', 'events', 'changed', 'where'
    ];
    c_uuid constant text := '^(null|"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")$';
    v_key text;
    v_value jsonb;
    v_channel wedsync_realtime.channels;
    v_problem wedsync_realtime.problem;
begin
    if jsonb_typeof(filters) <> 'object' then
        return wedsync_realtime.to_problem('invalid_request', 'filters must be an object');
    end if;
    if octet_length(filters::text) > 16384 then
        return wedsync_realtime.to_problem('invalid_request', 'filters is over 16384 bytes');
    end if;
    for v_key, v_value in select f.key, f.value from jsonb_each(filters) as f loop
        if v_key <> all (c_known) then
            return wedsync_realtime.to_problem(
                'invalid_request', format('filters.%s is not known', left(v_key, 64)),
                hint => 'Known: ' || array_to_string(c_known, ', ')
            );
        end if;
        if v_key like '%\_id' and v_value::text !~* c_uuid then
            return wedsync_realtime.to_problem(
                'invalid_request', format('filters.%s must be a uuid', v_key)
            );
        end if;
    end loop;
    foreach v_channel in array known loop
        if filters ->> v_channel.filter_key is null then
            return wedsync_realtime.to_problem(
                'filter_required',
                format('%s required for %s channel', v_channel.filter_key, v_channel.name)
            );
        end if;
        if filters ?| array['changed', 'where'] then
            v_problem := coalesce(
                wedsync_realtime.check_list(filters, 'changed', array(
                    select c.name from wedsync_realtime.channel_columns(v_channel) as c
                )),
                wedsync_realtime.check_conditions(v_channel, filters -> 'where')
            );
            if v_problem.code is not null then
                return v_problem;
            end if;
        end if;
    end loop;
    if filters ? 'operations' then
        v_problem := wedsync_realtime.check_list(
            filters, 'operations', array['INSERT', 'UPDATE', 'DELETE']
        );
    end if;
    if v_problem.code is null and filters ? 'events' then
        v_problem := wedsync_realtime.check_list(filters, 'events', array(
            select r.event
            from wedsync_realtime.event_rules as r
            inner join unnest(known) as c on c.id = r.channel_id
        ));
    end if;
    return v_problem;
end
$$;

comment on function wedsync_realtime.check_filters(wedsync_realtime.channels[], jsonb) is
'Problem with the argument filters of subscribe, or null.';
revoke execute on function wedsync_realtime.check_filters(wedsync_realtime.channels[], jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.check_filters(wedsync_realtime.channels[], jsonb)
to wedsync_realtime_owner;
