-- Tell the clients of one channel, the trigger's argument, that all its rows are gone.

create or replace function wedsync_realtime.dispatch_truncate()
    returns trigger
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('transaction_isolation') like 'read %' and not exists (
        select from wedsync_realtime.topics as t where t.channel_id = tg_argv[0]::smallint
    ) then
        return null;
    end if;
    perform wedsync_realtime.mark_resync(tg_argv[0]::smallint, 'truncated');
    return null;
end
$$;

comment on function wedsync_realtime.dispatch_truncate() is
'Trigger: make the clients of a truncated table resync.';
revoke execute on function wedsync_realtime.dispatch_truncate()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.dispatch_truncate()
to wedsync_realtime_owner;
