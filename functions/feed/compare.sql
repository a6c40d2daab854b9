-- Compare two values of one kind. What does not compare, null or, after a change of the column's
-- type, a value of another kind, gives null: a tenant's row must not make a poll fail.

create or replace function wedsync_realtime.compare(kind text, one text, two text)
    returns integer
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_one timestamptz;
    v_two timestamptz;
begin
    case kind
        when 'number' then
            return (one::numeric > two::numeric)::integer
            - (one::numeric < two::numeric)::integer;
        when 'time' then
            -- a date may lie beyond every timestamp
            v_one := (case when one ~ '^[0-9]{6}' then 'infinity' else one end)::timestamptz;
            v_two := (case when two ~ '^[0-9]{6}' then 'infinity' else two end)::timestamptz;
            return (v_one > v_two)::integer - (v_one < v_two)::integer;
        else
            return (one > two collate "C")::integer - (one < two collate "C")::integer;
    end case;
exception
    when data_exception then
        return null;
end
$$;

comment on function wedsync_realtime.compare(text, text, text) is
'Order of two values of one kind: -1, 0, 1, or null.';
revoke execute on function wedsync_realtime.compare(text, text, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.compare(text, text, text)
to wedsync_realtime_owner;
