-- Check the argument filters of subscribe for every channel of the call.
-- Refuses: invalid_request with the key at fault, filter_required.

create or replace function wedsync_realtime.check_filters(channels text[], filters jsonb)
    returns wedsync_realtime.problem
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_problem wedsync_realtime.problem := wedsync_realtime.check_keys(filters);
    v_channel wedsync_realtime.channels;
begin
    if v_problem.code is not null then
        return v_problem;
    end if;
    for v_channel in
        select c.* from wedsync_realtime.channels as c where c.name = any (channels) order by c.name
    loop
        if filters ->> v_channel.filter_key is null then
            return wedsync_realtime.to_problem(
                'filter_required',
                format('%s required for %s channel', v_channel.filter_key, v_channel.name)
            );
        end if;
        if filters ?| array['changed', 'where'] then
            v_problem := wedsync_realtime.check_columns(v_channel, filters);
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
            inner join wedsync_realtime.channels as c on c.id = r.channel_id
            where c.name = any (channels)
        ));
    end if;
    return v_problem;
end
$$;

comment on function wedsync_realtime.check_filters(text[], jsonb) is
'Problem with the argument filters of subscribe, or null.';
revoke execute on function wedsync_realtime.check_filters(text[], jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.check_filters(text[], jsonb)
to wedsync_realtime_owner;
