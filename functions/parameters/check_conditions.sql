-- Check the conditions of filters.where against the table of one channel: each has column, op and
-- a value that the column's type accepts.
-- Refuses: invalid_request with what is at fault.

create or replace function wedsync_realtime.check_conditions(
    channel    wedsync_realtime.channels,
    conditions jsonb
)
    returns wedsync_realtime.problem
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    c_ops constant text[] := array['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'in', 'is'];
    v_fault text;
    v_hint text;
    v_condition jsonb;
    v_op text;
    v_value jsonb;
    v_column record;
begin
    if jsonb_typeof(conditions) <> 'array'
        or jsonb_array_length(conditions) not between 1 and 20
    then
        return wedsync_realtime.to_problem(
            'invalid_request', 'filters.where must be a list of 1 to 20 conditions'
        );
    end if;
    for v_condition in select e from jsonb_array_elements(conditions) as e loop
        v_op := v_condition ->> 'op';
        v_value := v_condition -> 'value';
        select c.* into v_column
        from wedsync_realtime.channel_columns(channel) as c
        where c.name = v_condition ->> 'column';
        if jsonb_typeof(v_condition) <> 'object' or array['column', 'op', 'value'] is distinct from
            (select array_agg(k order by k) from jsonb_object_keys(v_condition) as k)
        then
            v_fault := 'a condition has column, op and value';
        elsif v_column.name is null then
            v_fault := format('column %s is not known for %s',
                left((v_condition -> 'column')::text, 64), channel.name);
        elsif v_op is null or v_op <> all (c_ops) then
            v_fault := format('op %s is not known', left((v_condition -> 'op')::text, 64));
            v_hint := 'Known: ' || array_to_string(c_ops, ', ');
        elsif v_op = 'is' then
            continue when v_value in ('null', 'true', 'false');
            v_fault := 'is takes null, true or false';
        elsif v_column.kind is null or (v_op ~ '^[lg]t' and not v_column.is_ordered) then
            v_fault := format('%s cannot be used on column %s of type %s', v_op,
                v_column.name, v_column.type);
        elsif (jsonb_typeof(v_value) = 'array') <> (v_op = 'in')
            or (v_op = 'in' and jsonb_array_length(v_value) not between 1 and 100)
        then
            v_fault := 'in takes a list of 1 to 100 values, the others take one';
        else
            v_fault := (
                select format('%s is no value for column %s of type %s',
                    left(i::text, 64), v_column.name, v_column.type)
                from jsonb_path_query(v_value, '$[*]') as i
                where jsonb_typeof(i) in ('null', 'object', 'array')
                    or wedsync_realtime.cast_value(i #>> '{}', v_column.type) is null
                limit 1
            );
        end if;
        continue when v_fault is null;
        return wedsync_realtime.to_problem(
            'invalid_request', 'filters.where: ' || v_fault, hint => v_hint
        );
    end loop;
    return null;
end
$$;

comment on function wedsync_realtime.check_conditions(wedsync_realtime.channels, jsonb) is
'Problem with the conditions of filters.where, or null.';
revoke execute on function wedsync_realtime.check_conditions(wedsync_realtime.channels, jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.check_conditions(wedsync_realtime.channels, jsonb)
to wedsync_realtime_owner;
