-- Compare two values of one kind; null when either is null or, after a change of the column's
-- type, no longer of that kind.

create or replace function wedsync_realtime.compare(kind text, one text, two text)
    returns integer
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return case compare.kind
        when 'number' then
            case
                when compare.one ~* '^([-+]?[0-9.]+(e[-+]?[0-9]+)?|nan|-?infinity)$'
                    then sign(
                        (compare.one::numeric > compare.two::numeric)::integer
                        - (compare.one::numeric < compare.two::numeric)::integer
                    )::integer
            end
        when 'time' then
            case
                when compare.one ~ '^([0-9]{4,}-[0-9]{2}-[0-9]{2}|-?infinity$)'
                    then (compare.one::timestamptz > compare.two::timestamptz)::integer
                    - (compare.one::timestamptz < compare.two::timestamptz)::integer
            end
        else (compare.one > compare.two collate "C")::integer
            - (compare.one < compare.two collate "C")::integer
    end;
end
$$;

comment on function wedsync_realtime.compare(text, text, text) is
'Order of two values of one kind: -1, 0, 1, or null.';
revoke execute on function wedsync_realtime.compare(text, text, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.compare(text, text, text)
to wedsync_realtime_owner;
