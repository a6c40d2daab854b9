-- Check one condition of filters.where: column, op and a value that the column's type accepts.
-- Refuses: invalid_request with the key at fault.

create or replace function wedsync_realtime.check_condition(
    channel   wedsync_realtime.channels,
    condition jsonb
)
    returns wedsync_realtime.problem
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_column record;
    v_op text := condition ->> 'op';
begin
    if jsonb_typeof(condition) <> 'object'
        or (select array_agg(k order by k) from jsonb_object_keys(condition) as k)
        is distinct from array['column', 'op', 'value']
    then
        return wedsync_realtime.to_problem(
            'invalid_request', 'filters.where: a condition has column, op and value'
        );
    end if;
    select c.* into v_column
    from wedsync_realtime.channel_columns(channel) as c
    where c.name = condition ->> 'column';
    if v_column.name is null then
        return wedsync_realtime.to_problem(
            'invalid_request', format(
                'filters.where: column %s is not known for %s',
                left((condition -> 'column')::text, 64), channel.name
            )
        );
    end if;
    if v_op is null or v_op <> all (array['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'in', 'is']) then
        return wedsync_realtime.to_problem(
            'invalid_request',
            format('filters.where: op %s is not known', left((condition -> 'op')::text, 64)),
            hint => 'Known: eq, neq, lt, lte, gt, gte, in, is'
        );
    end if;
    if v_op <> 'is' and (
        v_column.kind is null or (v_op in ('lt', 'lte', 'gt', 'gte') and not v_column.is_ordered)
    ) then
        return wedsync_realtime.to_problem(
            'invalid_request', format(
                'filters.where: %s cannot be used on column %s of type %s',
                v_op, v_column.name, v_column.type
            )
        );
    end if;
    return wedsync_realtime.check_value(v_column.name, v_column.type, v_op, condition -> 'value');
end
$$;

comment on function wedsync_realtime.check_condition(wedsync_realtime.channels, jsonb) is
'Problem with one condition of filters.where, or null.';
revoke execute on function wedsync_realtime.check_condition(wedsync_realtime.channels, jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.check_condition(wedsync_realtime.channels, jsonb)
to wedsync_realtime_owner;
