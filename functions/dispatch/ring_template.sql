-- Give the template for waking who sleeps, after the statement that records.

create or replace function wedsync_realtime.ring_template(operation text)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_rows constant text := 'select distinct {tenant} '
    'from (select {row} as content from %s as r limit 1000) as i';
begin
    return format(
        $template$
    if found and v_gate %% 2 = 0 then
        perform wedsync_realtime.ring_bell({id}::smallint, array(
            %s
        ));
    end if;$template$,
        case operation
            when 'UPDATE' then format(v_rows, 'new_rows') || ' union ' || format(v_rows, 'old_rows')
            else format(v_rows, 'changed_rows')
        end
    );
end
$$;

comment on function wedsync_realtime.ring_template(text) is
'Template for waking who sleeps, after the statement that records.';
revoke execute on function wedsync_realtime.ring_template(text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.ring_template(text)
to wedsync_realtime_owner;
