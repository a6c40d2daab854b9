-- Let topics go cold that have had no lease for longer than the feed is kept. Locked first, then
-- asked again in a fresh snapshot, because a lease may arrive in between; one that somebody
-- holds is left.

create or replace function wedsync_realtime.cool_topics()
    returns integer
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_topics bigint[];
    v_cooled integer;
begin
    v_topics := array(
        select t.id
        from wedsync_realtime.topics as t
        cross join wedsync_realtime.settings as s
        where t.idle_since < clock_timestamp() - s.feed_retention
        for update of t skip locked
    );
    delete from wedsync_realtime.topics as t
    where
        t.id = any (v_topics)
        and not exists (
            select from public.realtime_subscriptions as s where s.topic_id = t.id
        );
    get diagnostics v_cooled = row_count;
    return v_cooled;
end
$$;

comment on function wedsync_realtime.cool_topics() is
'Let topics go cold that nobody has listened to for as long as the feed is kept.';
revoke execute on function wedsync_realtime.cool_topics()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.cool_topics()
to wedsync_realtime_owner;
