-- Mark those events of an answer of which only the key travels.

create or replace function wedsync_realtime.mark_cut(answer jsonb, cut bigint[])
    returns jsonb
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return jsonb_set(answer, '{events}', (
        select jsonb_agg(
            case
                when (e.event ->> 'id')::bigint = any (cut)
                    then e.event || '{"errors": ["payload_too_large"]}'
                else e.event
            end
            order by e.place
        )
        from jsonb_array_elements(answer -> 'events') with ordinality as e (event, place)
    ));
end
$$;

comment on function wedsync_realtime.mark_cut(jsonb, bigint[]) is
'An answer of poll with the events marked of which only the key travels.';
revoke execute on function wedsync_realtime.mark_cut(jsonb, bigint[])
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.mark_cut(jsonb, bigint[])
to wedsync_realtime_owner;
