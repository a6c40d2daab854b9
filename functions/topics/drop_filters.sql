-- Drop filters, pair by pair of topic and filter, or any, that no lease asks for any more. Locked
-- first, then asked again in a fresh snapshot, because a lease may arrive in between; one that
-- somebody holds is left for cleanup, as are all in an older snapshot, which may not show a lease.

create or replace function wedsync_realtime.drop_filters(
    topic_ids  bigint[] default null,
    filter_ids text[] default null
)
    returns integer
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_places tid[];
    v_dropped integer;
begin
    if current_setting('transaction_isolation') not like 'read %' then
        return 0;
    end if;
    v_places := array(
        select f.ctid
        from wedsync_realtime.filters as f
        where
            (
                topic_ids is null
                or (f.topic_id, f.filter_id) in (
                    select g.topic_id, g.filter_id
                    from unnest(topic_ids, filter_ids) as g (topic_id, filter_id)
                )
            )
            and not exists (
                select from public.realtime_subscriptions as s
                where s.topic_id = f.topic_id and s.filter_id = f.filter_id
            )
        for update of f skip locked
    );
    delete from wedsync_realtime.filters as f
    where
        f.ctid = any (v_places)
        and not exists (
            select from public.realtime_subscriptions as s
            where s.topic_id = f.topic_id and s.filter_id = f.filter_id
        );
    get diagnostics v_dropped = row_count;
    return v_dropped;
end
$$;

comment on function wedsync_realtime.drop_filters(bigint[], text[]) is
'Drop filters that no subscription asks for any more; returns how many.';
revoke execute on function wedsync_realtime.drop_filters(bigint[], text[])
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.drop_filters(bigint[], text[])
to wedsync_realtime_owner;
