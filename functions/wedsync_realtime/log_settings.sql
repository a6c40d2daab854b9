-- Put every change of a setting on record, with its old and new value.

create or replace function wedsync_realtime.log_settings()
    returns trigger
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform wedsync_realtime.log_activity(
        null, null, 'settings_changed',
        jsonb_build_object('by', session_user, 'changes', jsonb_object_agg(
            n.key, jsonb_build_array(to_jsonb(old) -> n.key, n.value)
        ))
    )
    from jsonb_each(to_jsonb(new)) as n
    where n.value is distinct from to_jsonb(old) -> n.key
    having count(*) > 0;
    return null;
end
$$;

comment on function wedsync_realtime.log_settings() is
'Trigger: audit changes of settings.';
revoke execute on function wedsync_realtime.log_settings()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.log_settings()
to wedsync_realtime_owner;
