"""Who may call which function, those included that nobody may; and who may read which table."""

ROLES = [
    "anon", "authenticated", "service_role", "wedsync_realtime_monitor", "wedsync_realtime_relay",
]  # fmt: skip
# a: anon, u: authenticated (a user), s: service_role, m: the monitor, r: a relay.
LETTERS = dict(zip("ausmr", ROLES, strict=True))
CALLABLE = {
    "public.realtime_subscribe": "aus",
    "public.realtime_unsubscribe": "aus",
    "public.realtime_unsubscribe_all": "aus",
    "public.realtime_ping": "aus",
    "public.realtime_poll": "aus",
    "public.realtime_status": "aus",
    "public.realtime_connection_stats": "sm",
    "public.cleanup_inactive_subscriptions": "s",
    # Asked by the policy on realtime.messages
    "wedsync_realtime.may_join": "u",
    # The bodies of the RPCs, which run as their callers
    "wedsync_realtime.subscribe": "us",
    "wedsync_realtime.unsubscribe": "us",
    "wedsync_realtime.unsubscribe_all": "us",
    "wedsync_realtime.ping": "us",
    "wedsync_realtime.poll": "us",
    "wedsync_realtime.status": "us",
    "wedsync_realtime.connection_stats": "sm",
    "wedsync_realtime.cleanup": "s",
    # What policies of the reference tables ask about the caller alone
    "wedsync_realtime.caller_id": "us",
    "wedsync_realtime.caller_supplier_id": "us",
    "wedsync_realtime.caller_couple_id": "us",
    "wedsync_realtime.caller_linked_ids": "us",
    # The relay
    "wedsync_realtime.drain": "r",
    "wedsync_realtime.admit": "r",
    "wedsync_realtime.keep_alive": "r",
    "wedsync_realtime.renewal_interval": "r",
    "wedsync_realtime.close_connections": "r",
    "wedsync_realtime.doubt_connections": "r",
    "wedsync_realtime.report_relay": "r",
    "wedsync_realtime.hang_relay_bell": "r",
    # Readers before they sleep
    "wedsync_realtime.hang_bell": "ur",
    # Support
    "wedsync_realtime.disconnect": "s",
    "wedsync_realtime.explain_access": "sm",
    "wedsync_realtime.find_people": "m",
    # Monitoring
    "wedsync_realtime.health": "sm",
    "wedsync_realtime.metrics": "sm",
    "wedsync_realtime.metrics_health": "m",
    "wedsync_realtime.metrics_jobs": "m",
    "wedsync_realtime.metrics_leases": "m",
    "wedsync_realtime.metrics_relay": "m",
    "wedsync_realtime.metrics_server": "m",
    "wedsync_realtime.metrics_traffic": "m",
    "wedsync_realtime.open_transactions": "m",
    # What the views of the monitor call
    "wedsync_realtime.recent_events": "m",
    "wedsync_realtime.schedule_interval": "m",
    "wedsync_realtime.tenant_kind": "m",
    "wedsync_realtime.tenant_name": "m",
    "wedsync_realtime.tenant_refusals": "m",
}
INTERNAL = [
    "add_partition", "admit_joiners", "attach_broadcast", "attach_channel",
    "attach_relations", "attach_tables", "attached_tables",
    "attachment_obstacle", "await_leases", "broadcast_events", "broadcast_messages",
    "broadcast_obstacle", "can_schedule", "can_send_rows", "cast_value",
    "channel_attachments", "channel_columns", "channel_problem", "channel_table",
    "check_access", "check_channels", "check_conditions",
    "check_filters", "check_limits", "check_list",
    "choose_window", "cleanup_batch", "column_problem", "columns_expression",
    "compile_changed", "compile_channel", "cool_topics", "count_connections", "create_cron",
    "cron_advice", "cron_database",
    "count_new_leases", "current_snapshot", "day_stats", "delete_truncated_leases",
    "detach_channel", "detach_partitions", "dispatch_body", "dispatch_name",
    "dispatch_truncate", "drop_partitions", "durable_snapshot", "durable_xid", "empty_default",
    "enable_channel", "enable_channels", "end_expired", "end_leases", "ensure_policy",
    "ensure_trigger", "epoch", "erase", "erase_audit", "erase_couple", "erase_feed",
    "erase_receipt", "erase_user", "event_expression", "event_fits", "explain_step",
    "export_activity", "filter_params",
    "follow_table", "follow_tables",
    "fill_template", "function_fingerprint", "gate_name", "ground_access",
    "ground_table",
    "ground_triggers", "guard_channel", "health_channels",
    "health_deployment", "health_dispatch", "health_feed", "health_jobs", "health_limits",
    "health_owners", "health_queue", "health_relay", "health_retention", "health_row_security",
    "health_slots", "health_tables", "health_transactions", "health_triggers",
    "is_key", "is_published", "job_step", "keep_channel_name",
    "key_columns", "lease_snapshot",
    "lock_user", "log_activity", "log_change", "log_ended_leases",
    "log_moved_lease", "maintain_partitions",
    "may_hear", "message_count", "missing_attachments",
    "name_access", "needed_columns", "next_cursor", "note_failure", "note_found",
    "note_server",
    "open_gates", "open_lease", "own_functions", "parse_cursor",
    "pause_channel", "prepare_channels",
    "protect_table", "purge", "read_feed", "read_page", "read_unusual", "recheck_leases",
    "record_activity",
    "record_events", "record_functions", "record_metrics", "record_run",
    "refuse",
    "register_channel", "renew_feed", "restore_identity", "resume_channel",
    "resync_reason", "revoke_channel_leases", "revoke_link_leases", "revoke_profile_leases",
    "revoke_truncated_leases", "ring_bell",
    "row_size",
    "rpc_figures", "run_job", "schedule_jobs", "set_gates", "set_limit",
    "settle_topic", "shows_window", "sign_cursor", "size_expression",
    "standby_snapshot", "swap_settings",
    "system_state", "table_problem", "table_users", "take_rate",
    "tell_resync", "to_problem", "to_snapshot",
    "trigger_name", "unregister_channel", "update_template", "user_keys",
    "watching_triggers", "window_page", "write_lease",
    # what the relay's are made of, and the filters and subjects of topics
    "choose_news", "drop_filters",
    "ending_snapshot", "find_news", "find_recorded", "find_resyncs", "keep_filter",
    "late_firsts", "parse_position", "read_window",
    "next_event", "recorded_nothing", "standby_upto", "subject", "tell_endings",
    "window_events", "window_notices",
]  # fmt: skip
EXPECTED = CALLABLE | {f"wedsync_realtime.{name}": "" for name in INTERNAL}

RELATIONS = """
    select c.oid::regclass || ': ' || r.rolname || ' ' || string_agg(p.name, ', ' order by p.name)
    from pg_class as c
    cross join pg_roles as r
    cross join unnest(array[
        'select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger'
    ]) as p (name)
    where
        r.rolname = any (%s)
        and c.relkind in ('r', 'p', 'v')
        and (
            c.relnamespace = 'wedsync_realtime'::regnamespace
            or c.oid in (
                select i.relid from pg_partition_tree('public.realtime_activity_logs') as i
                union all select 'public.realtime_subscriptions'::regclass
            )
        )
        and has_table_privilege(r.oid, c.oid, p.name)
    group by c.oid, r.rolname
    order by 1
"""
MONITORED = [
    "activity_history", "channel_history", "channel_throughput", "feed_size", "job_history",
    "live_connections", "metrics_history", "noisy_tenants", "recent_activity", "refusals",
    "relay_status", "rpc_timing", "tenant_load",
]  # fmt: skip
READABLE = [
    f"{table}: {role} select"
    for table in ("realtime_activity_logs", "realtime_subscriptions")
    for role in ("authenticated", "service_role")
] + [f"wedsync_realtime.{name}: wedsync_realtime_monitor select" for name in MONITORED]
