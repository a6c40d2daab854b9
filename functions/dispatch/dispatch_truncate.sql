-- Tell the clients of one channel, the trigger's argument, that all its rows are gone. Guarded,
-- an error does not reach the writer.

create or replace function wedsync_realtime.dispatch_truncate()
    returns trigger
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_looks constant boolean := current_setting('transaction_isolation') like 'read %';
    v_channel constant smallint := tg_argv[0]::smallint;
begin
    if (select s.dispatch_guarded from wedsync_realtime.settings as s) then
        begin
            insert into wedsync_realtime.resets (channel_id, reason)
            values (v_channel, 'truncated');
        exception
            when others then
                perform wedsync_realtime.note_failure(
                    v_channel, 'dispatch', sqlstate, sqlerrm
                );
        end;
    elsif not v_looks or exists (
        select from wedsync_realtime.topics as t where t.channel_id = v_channel
    ) then
        insert into wedsync_realtime.resets (channel_id, reason)
        values (v_channel, 'truncated');
    end if;
    return null;
end
$$;

comment on function wedsync_realtime.dispatch_truncate() is
'Trigger: make the clients of a truncated table resync.';
revoke execute on function wedsync_realtime.dispatch_truncate()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.dispatch_truncate()
to wedsync_realtime_owner;
