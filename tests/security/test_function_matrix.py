"""The matrix of role × function × expected: what is not named here fails, and so does each call."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.support.callers.script import become
from tests.support.postgres.cluster import Cluster
from tests.support.postgres.deploy import deploy

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
    "ground_triggers", "guard_channel", "has_cascades", "health_channels",
    "health_deployment", "health_dispatch", "health_feed", "health_jobs", "health_limits",
    "health_owners", "health_queue", "health_relay", "health_retention", "health_row_security",
    "health_slots", "health_tables", "health_transactions", "health_triggers",
    "image_expression", "is_key", "is_published", "job_step", "keep_channel_name",
    "key_columns", "lease_snapshot",
    "lock_user", "log_activity", "log_change", "log_ended_leases",
    "log_moved_lease", "maintain_partitions",
    "may_hear", "message_count", "messages_inserted", "missing_attachments",
    "name_access", "needed_columns", "next_cursor", "note_failure", "note_found",
    "note_server",
    "open_gates", "open_lease", "own_functions", "parse_cursor",
    "pause_channel", "pin_settings", "prepare_channels",
    "protect_table", "purge", "read_feed", "read_page", "read_unusual", "recheck_leases",
    "record_activity",
    "record_events", "record_functions", "record_metrics", "record_run",
    "refuse",
    "register_channel", "renew_feed", "restore_identity", "restore_settings", "resume_channel",
    "resync_reason", "revoke_channel_leases", "revoke_link_leases", "revoke_profile_leases",
    "revoke_truncated_leases", "ring_bell",
    "row_size", "rows_template",
    "rpc_figures", "run_job", "schedule_jobs", "set_gates", "set_limit",
    "settings_expression",
    "settle_topic", "shows_window", "sign_cursor", "sign_ending", "size_expression",
    "standby_snapshot",
    "survive_failure", "system_state", "table_problem", "table_users", "take_rate",
    "tell_resync", "to_cursor", "to_problem", "to_snapshot",
    "trigger_name", "union_snapshot", "unregister_channel", "update_template", "user_keys",
    "watching_triggers", "window_page", "write_lease",
    # what the relay's are made of, and the filters and subjects of topics
    "choose_news", "drop_filters", "ending_notice",
    "ending_snapshot", "find_news", "find_recorded", "find_resyncs", "keep_filter",
    "last_recorded_xid", "late_firsts", "parse_position", "position_problem", "read_window",
    "next_event", "recorded_nothing", "standby_upto", "subject", "topic_subjects",
    "window_events", "window_notices",
]  # fmt: skip
EXPECTED = CALLABLE | {f"wedsync_realtime.{name}": "" for name in INTERNAL}

# The trigger functions compiled for the channels of the registry are known by their names' form.
FUNCTIONS = """
    select
        p.pronamespace::regnamespace || '.' || p.proname as name,
        p.prorettype = 'trigger'::regtype,
        case p.prokind when 'p' then 'call ' else 'select ' end
        || format('%s.%I(%s)', p.pronamespace::regnamespace, p.proname, (
            select string_agg('null::' || a.type::regtype, ', ' order by a.place)
            from unnest(p.proargtypes::oid[]) with ordinality as a (type, place)
        )),
        exists (
            select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
            where a.grantee = 0
        )
    from pg_proc as p
    where
        p.pronamespace in ('wedsync_realtime'::regnamespace, 'public'::regnamespace)
        and p.proname !~ '^dispatch_[a-z0-9_]+_(insert|update|delete)$'
        and not exists (
            select from pg_depend as d
            where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
        )
    order by 1
"""
# Each that somebody may call, with the letters of who may.
GRANTED = """
    select
        p.pronamespace::regnamespace || '.' || p.proname,
        string_agg(r.letter, '' order by r.place)
    from pg_proc as p
    cross join unnest(%s::text[], %s::text[]) with ordinality as r (letter, role, place)
    where
        p.pronamespace in ('wedsync_realtime'::regnamespace, 'public'::regnamespace)
        and has_function_privilege(r.role, p.oid, 'execute')
    group by p.oid
"""
COMPILED = """
    select 'wedsync_realtime.' || p.proname
    from pg_proc as p
    where
        p.pronamespace = 'wedsync_realtime'::regnamespace
        and p.proname ~ '^dispatch_[a-z0-9_]+_(insert|update|delete)$'
"""
# Supabase grants everything on what its role postgres creates in schema public.
SUPABASE = """
    alter default privileges in schema public
    grant all on tables to anon, authenticated, service_role;
    alter default privileges in schema public
    grant all on functions to anon, authenticated, service_role;
    alter default privileges in schema public
    grant all on sequences to anon, authenticated, service_role;
"""
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


@pytest.fixture(scope="module", params=["plain", "supabase"])
def session(
    request: pytest.FixtureRequest, cluster: Cluster, template: str
) -> Iterator[psycopg.Connection]:
    """Yield a superuser's connection to a database without and with Supabase's default grants."""
    plain = request.param == "plain"
    with (
        cluster.database(template if plain else None) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        if not plain:
            connection.execute(SUPABASE.encode())
            deploy(url)
        yield connection


def test_every_function_stands_in_the_matrix(session: psycopg.Connection) -> None:
    names = [name for name, *_ in session.execute(FUNCTIONS.encode())]
    assert len(names) == len(set(names))
    assert set(names) == set(EXPECTED)


def test_grants_are_those_of_the_matrix(session: psycopg.Connection) -> None:
    granted: dict[str, str] = dict(
        session.execute(GRANTED.encode(), (list(LETTERS), ROLES)).fetchall()
    )
    wrong = []
    for name, _, _, is_public in session.execute(FUNCTIONS.encode()).fetchall():
        if is_public or granted.get(name, "") != EXPECTED.get(name, ""):
            wrong.append((name, granted.get(name), EXPECTED.get(name), is_public))
    assert not wrong


@pytest.mark.parametrize("role", ROLES)
def test_calls_are_denied_and_allowed_as_the_matrix_says(
    session: psycopg.Connection, role: str
) -> None:
    wrong = []
    for name, is_trigger, statement, _ in session.execute(FUNCTIONS.encode()).fetchall():
        expected = "denied" if role not in _roles(name) else "allowed"
        # Called, a trigger function is refused for another reason; attached, it would run.
        answer = attach(session, role, name) if is_trigger else attempt(session, role, statement)
        if answer != expected:
            wrong.append((name, answer))
    assert not wrong


def attempt(session: psycopg.Connection, role: str, *statements: str) -> str:
    """Return whether a role is allowed to run statements, which are undone."""
    try:
        with session.transaction(force_rollback=True):
            become(session, role=role)
            for statement in statements:
                session.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        return "denied"
    except psycopg.Error:
        return "allowed"  # it ran, and minded the nulls
    return "allowed"


def attach(session: psycopg.Connection, role: str, function: str) -> str:
    """Return whether a role is allowed to attach a trigger function to a table of its own."""
    return attempt(
        session, role, "create temporary table attached ()",
        f"create trigger t after insert on attached execute function {function}()",
    )  # fmt: skip


def _roles(name: str) -> set[str]:
    return {LETTERS[letter] for letter in EXPECTED.get(name, "")}


def test_nobody_may_use_a_compiled_trigger_function(session: psycopg.Connection) -> None:
    names = [name for (name,) in session.execute(COMPILED.encode()).fetchall()]
    assert len(names) == 21
    answers = {attach(session, role, name) for name in names for role in ROLES}
    assert answers == {"denied"}


def test_tables_and_partitions_are_closed(session: psycopg.Connection) -> None:
    session.execute("select wedsync_realtime.maintain_partitions()")
    rows = session.execute(RELATIONS.encode(), (ROLES,)).fetchall()
    assert [row for (row,) in rows] == READABLE
