-- Count the first events of a page that together stay within a size; at least one, so that a reader
-- gets on.

create or replace function wedsync_realtime.page_length(
    events wedsync_realtime.event[],
    bytes  integer
)
    returns integer
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_length integer := 1;
    v_total integer := pg_column_size(events[1]);
begin
    while v_length < cardinality(events) loop
        v_total := v_total + pg_column_size(events[v_length + 1]);
        exit when v_total > bytes;
        v_length := v_length + 1;
    end loop;
    return v_length;
end
$$;

comment on function wedsync_realtime.page_length(wedsync_realtime.event[], integer) is
'How many events of a page stay within a size.';
revoke execute on function wedsync_realtime.page_length(wedsync_realtime.event[], integer)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.page_length(wedsync_realtime.event[], integer)
to wedsync_realtime_owner;
