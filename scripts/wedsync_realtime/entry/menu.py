"""The psql variables of `make psql`: a view each, run by typing its name behind a colon."""

_ENTRIES = {
    "health": (
        "what is wrong, and what to do",
        "select name, status, value, advice, sql from wedsync_realtime.health()",
    ),
    "jobs": (
        "when each job ran last, and how",
        "select job, status, age, last_duration, last_rows, failures, last_error, done_by "
        "from wedsync_realtime.job_history order by job",
    ),
    "live": (
        "who listens, those behind first",
        "select user_id, topic, tenant_name, since, last_ping_at, lag, events_sent "
        "from wedsync_realtime.live_connections order by lag desc, last_ping_at limit 30",
    ),
    "tenants": (
        "suppliers and couples against their limits",
        "select * from wedsync_realtime.tenant_load order by load desc limit 30",
    ),
    "noisy": (
        "who causes the traffic and the refusals",
        "select * from wedsync_realtime.noisy_tenants "
        "order by events_1h desc, refusals_1h desc limit 30",
    ),
    "channels": (
        "events of each channel: a minute, an hour, a day",
        "select * from wedsync_realtime.channel_throughput order by events_1h desc, channel",
    ),
    "refusals": (
        "what was refused in a day, and why",
        "select * from wedsync_realtime.refusals order by refusals_1h desc, refusals_24h desc",
    ),
    "activity": (
        "the latest of the audit",
        "select at, event_type, user_id, channel, code, reason "
        "from wedsync_realtime.recent_activity order by at desc limit 30",
    ),
    "feed": (
        "partitions of feed and audit, and when they go",
        "select parent, partition, rows, pg_size_pretty(bytes) as size, drop_after, is_overdue "
        "from wedsync_realtime.feed_size order by parent, upper nulls last",
    ),
    "relays": (
        "who leads, how far behind, who was refused",
        "select id, is_leader, age, lag, lag_events, connections, logins, refused, kicks, "
        "slow_consumers, published, last_error, last_error_at "
        "from wedsync_realtime.relay_status order by is_leader desc, seen_at desc",
    ),
    "rpc": (
        "calls and time of each RPC",
        "select * from wedsync_realtime.rpc_timing order by total_seconds desc nulls last",
    ),
    "open": (
        "transactions that are open for over a second",
        "select * from wedsync_realtime.open_transactions() order by open_for desc",
    ),
    "history": (
        "the last half hour, minute by minute",
        "select sampled_at, connections, subscriptions, events, refusals, subscribes, expired, "
        "lagging, max_lag from wedsync_realtime.metrics_history "
        "order by sampled_at desc limit 30",
    ),
}


def arguments() -> list[str]:
    """Return the arguments that make psql know the menu; :menu lists it."""
    rows = ", ".join(f"(':{name}', '{shows}')" for name, (shows, _) in _ENTRIES.items())
    variables = {"menu": f"select * from (values {rows}) as menu (type, shows)"}
    variables |= {name: query for name, (_, query) in _ENTRIES.items()}
    return [f"--set={name}={query};" for name, query in variables.items()]


def greeting() -> str:
    """Return the line that tells of the menu."""
    return "Type :menu for what can be looked at, :health for what is wrong."
