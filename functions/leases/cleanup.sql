-- End all expired leases in one transaction, for service_role; the job commits each batch.

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
    loop
        v_ended := coalesce(wedsync_realtime.cleanup_batch(), 0);
        v_total := v_total + v_ended;
        exit when v_ended = 0;
    end loop;
    return v_total;
end
$$;

comment on function wedsync_realtime.cleanup() is
'End expired subscriptions and note idle topics; returns how many ended.';
revoke execute on function wedsync_realtime.cleanup()
from public, anon, authenticated;
grant execute on function wedsync_realtime.cleanup()
to service_role;
