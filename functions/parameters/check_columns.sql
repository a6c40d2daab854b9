-- Check the keys of filters that name columns, against the table of one channel.
-- Refuses: invalid_request with the key at fault.

create or replace function wedsync_realtime.check_columns(
    channel wedsync_realtime.channels,
    filters jsonb
)
    returns wedsync_realtime.problem
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_problem wedsync_realtime.problem;
    v_condition jsonb;
begin
    if filters ? 'changed' then
        v_problem := wedsync_realtime.check_list(
            filters, 'changed',
            array(select c.name from wedsync_realtime.channel_columns(channel) as c)
        );
        if v_problem.code is not null then
            return v_problem;
        end if;
    end if;
    if not filters ? 'where' then
        return null;
    end if;
    if jsonb_typeof(filters -> 'where') <> 'array'
        or jsonb_array_length(filters -> 'where') not between 1 and 20
    then
        return wedsync_realtime.to_problem(
            'invalid_request', 'filters.where must be a list of 1 to 20 conditions'
        );
    end if;
    for v_condition in select e from jsonb_array_elements(filters -> 'where') as e loop
        v_problem := wedsync_realtime.check_condition(channel, v_condition);
        if v_problem.code is not null then
            return v_problem;
        end if;
    end loop;
    return null;
end
$$;

comment on function wedsync_realtime.check_columns(wedsync_realtime.channels, jsonb) is
'Problem with columns named in filters, or null.';
revoke execute on function wedsync_realtime.check_columns(wedsync_realtime.channels, jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.check_columns(wedsync_realtime.channels, jsonb)
to wedsync_realtime_owner;
