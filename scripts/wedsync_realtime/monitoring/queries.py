"""The queries of dashboard and `top` on the monitoring views."""

from typing import LiteralString

OVERVIEW: dict[str, LiteralString] = {
    "totals": """
        select
            pg_catalog.clock_timestamp() as at,
            c.connections, c.subscriptions, t.tenants, t.near_limit, t.at_limit,
            e.events_per_second, r.refused_hour, c.lag, c.lagging
        from (
            select
                count(distinct (l.user_id, l.connection_id)) as connections,
                count(*) as subscriptions,
                coalesce(max(l.lag), interval '0') as lag,
                count(*) filter (where l.lag > %(late)s) as lagging
            from wedsync_realtime.live_connections as l
            where not l.is_expired
        ) as c
        cross join (
            select
                count(*) filter (where t.subscriptions > 0) as tenants,
                count(*) filter (where t.load >= %(near)s) as near_limit,
                count(*) filter (where t.load >= 1) as at_limit
            from wedsync_realtime.tenant_load as t
        ) as t
        cross join (
            select coalesce(sum(e.events_per_second), 0) as events_per_second
            from wedsync_realtime.channel_throughput as e
        ) as e
        cross join (
            select coalesce(sum(r.refusals_1h), 0)::bigint as refused_hour
            from wedsync_realtime.refusals as r
        ) as r
    """,
    "channels": """
        select
            channel as name, is_enabled, filter_key, hot_topics, events_1m as minute,
            events_1h as hour, events_24h as day, events_per_second
        from wedsync_realtime.channel_throughput
        order by channel
    """,
    "events": """
        select minute, channel, events_per_second
        from wedsync_realtime.channel_history
        where minute >= pg_catalog.now() - %(history)s - interval '2 minutes'
        order by minute
    """,
    "samples": """
        select sampled_at, max_lag
        from wedsync_realtime.metrics_history
        where sampled_at >= pg_catalog.now() - %(history)s
        order by sampled_at
    """,
    "refusals": """
        select
            code, sum(refusals_1h)::bigint as hour, sum(refusals_24h)::bigint as day,
            max(last_at) as last_at
        from wedsync_realtime.refusals
        group by code
        order by day desc, code
    """,
    "jobs": """
        select
            job as name, status as found, schedule, last_success_at as succeeded_at,
            last_duration as duration, last_rows as rows, done_by,
            case when status <> 'ok' then last_error end as error,
            case status when 'ok' then 'ok' when 'never' then '' else 'fail' end as status
        from wedsync_realtime.job_history
        order by job
    """,
    "relays": """
        select
            id, lag, lag_events, connections, logins, refused, refusals, kicks, slow_consumers,
            published, seen_at, last_error as error, last_error_at as failed_at,
            case
                when is_leader then 'leads'
                when is_alive then 'stands by'
                else 'gone'
            end as found,
            case
                when not bool_or(is_leader) over () then 'fail'
                when is_alive then 'ok'
                else ''
            end as status
        from wedsync_realtime.relay_status
        order by is_leader desc, is_alive desc, seen_at desc
        limit %(relays)s
    """,
    "activity": """
        select
            at, event_type as what, user_id, channel, code, reason,
            case when event_type = 'refused' then (payload ->> 'count')::bigint end as times
        from wedsync_realtime.recent_activity
        order by at desc
        limit %(activity)s
    """,
}

HEALTH: LiteralString = """
    select h.name, h.status, h.value, h.advice, h.sql
    from wedsync_realtime.health() as h
"""

TENANTS: LiteralString = """
    from wedsync_realtime.tenant_load
    where
        (%(kind)s = '' or kind = %(kind)s)
        and (
            %(search)s = '' or tenant_name ilike %(pattern)s
            or tenant_id::text like pg_catalog.lower(%(pattern)s)
        )
"""
TENANT_COLUMNS: LiteralString = """
    select
        tenant_id, kind, tenant_name as name, connections, subscriptions,
        max_subscriptions as "limit", coalesce(load, sign(subscriptions)) as share
"""
# The id makes every order total, so that no row is on two pages.
ORDERS: dict[tuple[str, str], LiteralString] = {
    ("name", "asc"): "order by tenant_name, tenant_id",
    ("name", "desc"): "order by tenant_name desc nulls last, tenant_id",
    ("connections", "asc"): "order by connections, tenant_id",
    ("connections", "desc"): "order by connections desc, tenant_id",
    ("subscriptions", "asc"): "order by subscriptions, tenant_id",
    ("subscriptions", "desc"): "order by subscriptions desc, tenant_id",
    ("limit", "asc"): "order by max_subscriptions, tenant_id",
    ("limit", "desc"): "order by max_subscriptions desc, tenant_id",
    ("share", "asc"): "order by share, subscriptions, tenant_id",
    ("share", "desc"): "order by share desc, subscriptions desc, tenant_id",
}

PEOPLE: LiteralString = """
    select kind, id, name, tenant_id, tenant_kind, tenant_name
    from wedsync_realtime.find_people(%(term)s)
"""
LEASES: LiteralString = """
    select channel, topic, connection_id, since, last_ping_at, expires_at, is_expired, lag,
        events_sent, pg_catalog.clock_timestamp() - last_ping_at as silent_for
    from wedsync_realtime.live_connections
    where user_id = %(user)s
    order by since desc
    limit %(most)s
"""
EXPLAIN: LiteralString = """
    select step, topic, outcome, explanation
    from wedsync_realtime.explain_access(
        %(user)s, %(channel)s,
        case when %(tenant)s = '' then '{}'
        else pg_catalog.jsonb_build_object(%(key)s::text, %(tenant)s::text) end
    )
    order by step
"""
