-- Put a change of the configuration on record, with old and new values; the trigger's argument
-- names the event.

create or replace function wedsync_realtime.log_change()
    returns trigger
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_old jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) else '{}' end;
    v_new jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) else '{}' end;
begin
    perform wedsync_realtime.log_activity(
        null, null, tg_argv[0],
        jsonb_build_object(
            'by', session_user,
            'key', (v_old || v_new) -> tg_argv[1],
            'changes', jsonb_object_agg(k.key, case
                when k.key like '%secret' then '"changed"'
                else jsonb_build_array(v_old -> k.key, v_new -> k.key)
            end)
        )
    )
    from jsonb_object_keys(v_old || v_new) as k (key)
    where v_old -> k.key is distinct from v_new -> k.key
    having count(*) > 0;
    return null;
end
$$;

comment on function wedsync_realtime.log_change() is
'Trigger: audit a change of the configuration; arguments: event, key column.';
revoke execute on function wedsync_realtime.log_change()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.log_change()
to wedsync_realtime_owner;
