-- Audit and count what happens to subscriptions; end those whose grounds are gone; audit settings.

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
        'public.user_profiles', 'user_profiles_after_update_revoke',
        'after update on %table% for each row '
        'when ((old.id, old.user_type, old.supplier_id, old.couple_id) '
        'is distinct from (new.id, new.user_type, new.supplier_id, new.couple_id)) '
        'execute function wedsync_realtime.revoke_profile_leases()',
        'Ends the subscriptions of a user who changes side or tenant.'
    ),
    (
        'public.user_profiles', 'user_profiles_after_delete_revoke',
        'after delete on %table% for each row '
        'execute function wedsync_realtime.revoke_profile_leases()',
        'Ends the subscriptions of a user without a profile.'
    ),
    (
        'public.clients', 'clients_after_update_revoke',
        'after update on %table% for each row '
        'when ((old.supplier_id, old.couple_id) is distinct from (new.supplier_id, new.couple_id)) '
        'execute function wedsync_realtime.revoke_link_leases()',
        'Ends the subscriptions that rested on a link that is gone.'
    ),
    (
        'public.clients', 'clients_after_delete_revoke',
        'after delete on %table% for each row '
        'execute function wedsync_realtime.revoke_link_leases()',
        'Ends the subscriptions that rested on a link that is gone.'
    ),
    (
        'wedsync_realtime.settings', 'settings_after_update_log',
        'after update on %table% for each row '
        'execute function wedsync_realtime.log_settings()',
        'Audits changes of settings.'
    )
) as t (relation, name, definition, note);
