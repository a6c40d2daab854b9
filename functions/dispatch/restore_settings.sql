-- Set back what pin_settings has set. After an error the end of the transaction does.

create or replace function wedsync_realtime.restore_settings(settings jsonb)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform set_config(s.key, s.value, true) from jsonb_each_text(settings) as s;
end
$$;

comment on function wedsync_realtime.restore_settings(jsonb) is
'Set back what pin_settings has set.';
revoke execute on function wedsync_realtime.restore_settings(jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.restore_settings(jsonb)
to wedsync_realtime_owner;
