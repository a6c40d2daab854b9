-- End the leases of a channel that was disabled or admits others than before. A disabled channel
-- records nothing, so its topics go cold: who comes back later is told to resync.

create or replace function wedsync_realtime.revoke_channel_leases()
    returns trigger
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform wedsync_realtime.recheck_leases(
        case when new.is_enabled then 'channel changed' else 'channel disabled' end, new.id
    );
    if not new.is_enabled then
        delete from wedsync_realtime.topics as t where t.channel_id = new.id;
    end if;
    return null;
end
$$;

comment on function wedsync_realtime.revoke_channel_leases() is
'Trigger: end subscriptions that a changed channel no longer admits.';
revoke execute on function wedsync_realtime.revoke_channel_leases()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.revoke_channel_leases()
to wedsync_realtime_owner;
