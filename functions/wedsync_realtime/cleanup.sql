-- End all expired leases, in batches; note since when topics have had nobody. For the job and
-- for service_role.

create or replace function wedsync_realtime.cleanup()
    returns integer
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_total integer := 0;
    v_ended integer;
begin
    -- one run at a time: another one would take the same rows in another order
    perform 1 from wedsync_realtime.settings as s for no key update skip locked;
    if not found then
        return 0;
    end if;
    loop
        v_ended := wedsync_realtime.end_expired();
        v_total := v_total + v_ended;
        exit when v_ended = 0;
    end loop;
    update wedsync_realtime.topics as t
    set idle_since = case when t.idle_since is null then clock_timestamp() end
    where (t.idle_since is not null) = exists (
        select from public.realtime_subscriptions as s where s.topic_id = t.id
    );
    return v_total;
end
$$;

comment on function wedsync_realtime.cleanup() is
'End expired subscriptions and note idle topics; returns how many ended.';
revoke execute on function wedsync_realtime.cleanup()
from public, anon, authenticated;
grant execute on function wedsync_realtime.cleanup()
to service_role;
