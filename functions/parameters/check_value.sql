-- Check the value of one condition of filters.where against its operator and its column's type.
-- Refuses: invalid_request with the value at fault.

create or replace function wedsync_realtime.check_value(
    column_name text,
    column_type regtype,
    op          text,
    value       jsonb
)
    returns wedsync_realtime.problem
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_item jsonb;
begin
    if op = 'is' then
        if value in ('null', 'true', 'false') then
            return null;
        end if;
        return wedsync_realtime.to_problem(
            'invalid_request', 'filters.where: is takes null, true or false'
        );
    end if;
    if (jsonb_typeof(value) = 'array') <> (op = 'in')
        or (op = 'in' and jsonb_array_length(value) not between 1 and 100)
    then
        return wedsync_realtime.to_problem(
            'invalid_request',
            'filters.where: in takes a list of 1 to 100 values, the others take one'
        );
    end if;
    for v_item in
        select e from jsonb_array_elements(
            case when op = 'in' then value else jsonb_build_array(value) end
        ) as e
    loop
        if jsonb_typeof(v_item) in ('null', 'object', 'array')
            or wedsync_realtime.cast_value(v_item #>> '{}', column_type) is null
        then
            return wedsync_realtime.to_problem(
                'invalid_request', format(
                    'filters.where: %s is no value for column %s of type %s',
                    left(v_item::text, 64), column_name, column_type
                )
            );
        end if;
    end loop;
    return null;
end
$$;

comment on function wedsync_realtime.check_value(text, regtype, text, jsonb) is
'Problem with the value of one condition of filters.where, or null.';
revoke execute on function wedsync_realtime.check_value(text, regtype, text, jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.check_value(text, regtype, text, jsonb)
to wedsync_realtime_owner;
