-- End up to 10,000 expired leases; when none is left, note since when topics have had nobody, and
-- drop filters that nobody asks for: those of subscriptions that expired, because a subscribe that
-- ends these for its own and then waits for a filter would hold theirs.
-- A topic that somebody holds, as a poll in an open transaction does, is left for the next run.
-- Null says that nothing was done: another cleanup is at work, or somebody holds the settings.

create or replace function wedsync_realtime.cleanup_batch()
    returns integer
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_ended integer;
begin
    -- one run at a time: another one would take the same rows in another order
    perform 1 from wedsync_realtime.settings as s for no key update skip locked;
    if not found then
        return null;
    end if;
    v_ended := wedsync_realtime.end_expired();
    if v_ended > 0 then
        return v_ended;
    end if;
    update wedsync_realtime.topics as t
    set idle_since = case when t.idle_since is null then clock_timestamp() end
    where t.id = any (array(
        select o.id
        from wedsync_realtime.topics as o
        where (o.idle_since is not null) = exists (
            select from public.realtime_subscriptions as s where s.topic_id = o.id
        )
        for no key update skip locked
    ));
    perform wedsync_realtime.drop_filters();
    return 0;
end
$$;

comment on function wedsync_realtime.cleanup_batch() is
'End a batch of expired subscriptions, or note idle topics when there is none; returns how many '
'ended; null when another one is at work, or the settings are held.';
revoke execute on function wedsync_realtime.cleanup_batch()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.cleanup_batch()
to wedsync_realtime_owner;
