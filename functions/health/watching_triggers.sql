-- List the triggers that functions/jobs/triggers/watch_leases.sql attaches, by name.

create or replace function wedsync_realtime.watching_triggers()
    returns text[]
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return array[
        'channels_after_change_log', 'channels_after_update_compile',
        'channels_after_update_revoke', 'channels_before_insert_guard',
        'channels_before_update_guard', 'channels_before_update_name',
        'clients_after_delete_revoke', 'clients_after_truncate_revoke',
        'clients_after_update_revoke', 'event_rules_after_change_compile',
        'realtime_subscriptions_after_delete_log', 'realtime_subscriptions_after_insert_count',
        'realtime_subscriptions_after_update_log',
        'realtime_subscriptions_before_truncate_delete', 'resets_after_insert_tell',
        'settings_after_update_compile',
        'settings_after_update_log', 'tenants_after_insert_log', 'tenants_after_update_log',
        'topics_after_insert_open', 'user_profiles_after_delete_revoke',
        'user_profiles_after_truncate_revoke', 'user_profiles_after_update_revoke'
    ];
end
$$;

comment on function wedsync_realtime.watching_triggers() is
'Names of the triggers that audit, count, revoke and tell.';
revoke execute on function wedsync_realtime.watching_triggers()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.watching_triggers()
to wedsync_realtime_owner;
