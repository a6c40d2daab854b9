-- Keep a filter of a topic, or make it, until the lease that asks for it is committed.

create or replace function wedsync_realtime.keep_filter(
    topic_id      bigint,
    filter_id     text,
    filter_params jsonb
)
    returns void
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    loop
        perform
        from wedsync_realtime.filters as f
        where f.topic_id = keep_filter.topic_id and f.filter_id = keep_filter.filter_id
        for key share;
        exit when found;
        insert into wedsync_realtime.filters (topic_id, filter_id, filter)
        values (
            keep_filter.topic_id, keep_filter.filter_id,
            filter_params - array['supplier_id', 'couple_id', 'wedding_id']
        )
        on conflict do nothing;
        exit when found;
    end loop;
end
$$;

comment on function wedsync_realtime.keep_filter(bigint, text, jsonb) is
'Keep a filter of a topic until commit at least.';
revoke execute on function wedsync_realtime.keep_filter(bigint, text, jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.keep_filter(bigint, text, jsonb)
to wedsync_realtime_owner;
