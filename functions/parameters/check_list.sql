-- Check a key of filters that holds a list of words.
-- Refuses: invalid_request with the key at fault.

create or replace function wedsync_realtime.check_list(filters jsonb, key text, known text[])
    returns wedsync_realtime.problem
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_list jsonb := filters -> key;
    v_word jsonb;
begin
    if v_list is null then
        return null;
    end if;
    if jsonb_typeof(v_list) <> 'array' or jsonb_array_length(v_list) not between 1 and 100 then
        return wedsync_realtime.to_problem(
            'invalid_request', format('filters.%s must be a list of 1 to 100 words', key)
        );
    end if;
    for v_word in select e from jsonb_array_elements(v_list) as e loop
        if jsonb_typeof(v_word) <> 'string' or v_word #>> '{}' <> all (known) then
            return wedsync_realtime.to_problem(
                'invalid_request',
                format('filters.%s: %s is not known', key, left(v_word::text, 64)),
                hint => 'Known: ' || left(array_to_string(known, ', '), 1000)
            );
        end if;
    end loop;
    return null;
end
$$;

comment on function wedsync_realtime.check_list(jsonb, text, text[]) is
'Problem with a list of words in filters, or null.';
revoke execute on function wedsync_realtime.check_list(jsonb, text, text[])
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.check_list(jsonb, text, text[])
to wedsync_realtime_owner;
