-- Audit and count what happens to subscriptions; end those whose grounds are gone; tell clients to
-- resync; audit settings.

select wedsync_realtime.ensure_trigger(t.relation::regclass, t.name, t.definition, t.note)
from (values
    (
        'public.realtime_subscriptions', 'realtime_subscriptions_after_insert_count',
        'after insert on %table% referencing new table as new_rows '
        'for each statement execute function wedsync_realtime.count_new_leases()',
        'Counts new subscriptions against their tenants.'
    ),
    (
        'public.realtime_subscriptions', 'realtime_subscriptions_after_delete_log',
        'after delete on %table% referencing old table as old_rows '
        'for each statement execute function wedsync_realtime.log_ended_leases()',
        'Audits ended subscriptions and counts them off.'
    ),
    (
        'public.realtime_subscriptions', 'realtime_subscriptions_before_truncate_delete',
        'before truncate on %table% for each statement '
        'execute function wedsync_realtime.delete_truncated_leases()',
        'Audits and counts off what a TRUNCATE ends.'
    ),
    (
        'public.realtime_subscriptions', 'realtime_subscriptions_after_update_log',
        'after update of topic_id, filter_params on %table% for each row '
        'when (old.topic_id <> new.topic_id or old.filter_id is distinct from new.filter_id) '
        'execute function wedsync_realtime.log_moved_lease()',
        'Audits subscriptions that go over to another topic, and tells relays.'
    ),
    (
        'wedsync_realtime.topics', 'topics_after_insert_open',
        'after insert on %table% referencing new table as new_rows '
        'for each statement execute function wedsync_realtime.open_gates()',
        'Opens the gates of channels that get topics.'
    ),
    (
        'wedsync_realtime.resets', 'resets_after_insert_tell',
        -- a new history of the database is told by the cursors themselves
        'after insert on %table% for each row when (new.reason <> ''epoch_changed'') '
        'execute function wedsync_realtime.tell_resync()',
        'Tells the clients of a channel to resync.'
    ),
    (
        'wedsync_realtime.channels', 'channels_after_update_revoke',
        'after update on %table% for each row '
        -- column by column: PostgreSQL reads back its own text of such rows as another tree
        'when (old.is_enabled is distinct from new.is_enabled '
        'or old.supplier_authoriser is distinct from new.supplier_authoriser '
        'or old.couple_authoriser is distinct from new.couple_authoriser) '
        'execute function wedsync_realtime.revoke_channel_leases()',
        'Ends the subscriptions that a changed channel no longer admits.'
    ),
    (
        'wedsync_realtime.channels', 'channels_before_insert_guard',
        'before insert on %table% for each row when (new.is_enabled) '
        'execute function wedsync_realtime.guard_channel()',
        'Refuses what does not fit the table.'
    ),
    (
        'wedsync_realtime.channels', 'channels_before_update_guard',
        'before update of schema_name, table_name, key_columns, tenant_column, columns, '
        'supplier_authoriser, filter_key, is_enabled on %table% for each row '
        'when (new.is_enabled '
        'or (old.schema_name, old.table_name) <> (new.schema_name, new.table_name)) '
        'execute function wedsync_realtime.guard_channel()',
        'Refuses what does not fit the table.'
    ),
    (
        'wedsync_realtime.channels', 'channels_before_update_name',
        'before update on %table% for each row when (old.name <> new.name) '
        'execute function wedsync_realtime.keep_channel_name()',
        'Refuses a new name.'
    ),
    (
        'wedsync_realtime.channels', 'channels_after_update_compile',
        'after update of columns, key_columns, tenant_column, is_enabled on %table% '
        'for each row execute function wedsync_realtime.compile_changed()',
        'Writes the trigger functions of the channel anew.'
    ),
    (
        'wedsync_realtime.event_rules', 'event_rules_after_change_compile',
        'after insert or update or delete on %table% for each row '
        'execute function wedsync_realtime.compile_changed()',
        'Writes the trigger functions of the channel anew.'
    ),
    (
        'wedsync_realtime.settings', 'settings_after_update_compile',
        'after update of event_bytes, notify_enabled, broadcast_enabled, dispatch_guarded '
        'on %table% for each statement '
        'execute function wedsync_realtime.compile_changed()',
        'Writes the trigger functions anew.'
    ),
    (
        'wedsync_realtime.channels', 'channels_after_change_log',
        'after insert or update or delete on %table% for each row '
        'execute function wedsync_realtime.log_change(''channel_changed'', ''name'')',
        'Audits changes of the registry.'
    ),
    (
        'wedsync_realtime.settings', 'settings_after_update_log',
        'after update on %table% for each row '
        'execute function wedsync_realtime.log_change(''settings_changed'')',
        'Audits changes of settings.'
    ),
    (
        'wedsync_realtime.tenants', 'tenants_after_update_log',
        'after update of max_subscriptions on %table% for each row '
        'when (old.max_subscriptions is distinct from new.max_subscriptions) '
        'execute function wedsync_realtime.log_change(''limit_changed'', ''tenant_id'')',
        'Audits changes of a tenant''s own limit.'
    ),
    (
        'wedsync_realtime.tenants', 'tenants_after_insert_log',
        'after insert on %table% for each row when (new.max_subscriptions is not null) '
        'execute function wedsync_realtime.log_change(''limit_changed'', ''tenant_id'')',
        'Audits a tenant''s own limit.'
    )
) as t (relation, name, definition, note);
