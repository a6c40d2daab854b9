"""Faults that health() has to notice: what causes each, and what it should then say."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A fault.

    check, status: the row of health() that tells of it.
    cause: statements that cause it, as superuser.
    says: a word of the row's value.
    mend: statements, beside the SQL that the row advises, after which all is well again; None where
        only a deployment mends it.
    is_advice_run: the SQL that the row advises does something, and does not fail itself.
    """

    check: str
    status: str
    cause: tuple[str, ...]
    says: str
    mend: tuple[str, ...] | None = ()
    is_advice_run: bool = True

    def __str__(self) -> str:
        """Return the fault's name in the list of tests."""
        return f"{self.check} {self.status}: {self.says}"


_RELAY = (
    'select wedsync_realtime.report_relay(\'{{"id": "11111111-1111-4111-8111-111111111111",'
    ' "is_leader": {}, "lag_seconds": {}, "lag_events": 0, "connections": 5{}}}\')'
)
_WELL = (_RELAY.format("true", 0, ""),)
_DISPATCH = "insert into public.form_responses (supplier_id) values (tests.supplier('Bloom'))"

FAULTS = [
    Fault("job_metrics", "fail", (
        "update wedsync_realtime.job_runs set last_success_at = now() - interval '8 minutes'",
    ), "late"),
    Fault("job_cleanup", "fail", (
        "update wedsync_realtime.job_runs"
        " set created_at = now() - interval '16 minutes', last_success_at = null"
        " where job = 'cleanup'",
    ), "late, not run yet"),
    Fault("partitions_ahead", "warn", (
        "select wedsync_realtime.drop_partitions('wedsync_realtime.events', now() + '9 days')",
        "select wedsync_realtime.add_partition('wedsync_realtime.events',"
        # in the day's last hour it ends too soon: then half of tomorrow
        " date_trunc('day', now() + interval '1 hour'),"
        " case extract(hour from now()) when 23 then interval '12 hours' else '1 day' end)",
        "update wedsync_realtime.settings set feed_retention = '1 hour'",
    ), "events until"),
    Fault("partitions_ahead", "fail", (
        "select wedsync_realtime.drop_partitions('public.realtime_activity_logs',"
        " now() + '1 year')",
    ), "realtime_activity_logs until"),
    Fault("default_partitions", "fail", (
        "insert into wedsync_realtime.events (created_at, tenant_id, channel_id, operation)"
        " values (now() + interval '40 days', gen_random_uuid(), 1, 'D'),"
        " (now() - interval '40 days', gen_random_uuid(), 1, 'D')",
    ), "events_default: 2 rows"),
    Fault("default_partitions", "fail", (
        "insert into public.realtime_activity_logs (\"timestamp\", event_type)"
        " values (now() - interval '45 days', 'subscribed')",
    ), "realtime_activity_logs_default: 1 rows"),
    Fault("partitions_behind", "warn", (
        "select wedsync_realtime.add_partition('wedsync_realtime.events', '2021-01-01', '1 day')",
    ), "1 overdue", ("select wedsync_realtime.maintain_partitions()",)),
    Fault("row_level_security", "warn", (
        "alter table public.clients disable row level security",
    ), "clients"),
    Fault("own_row_level_security", "fail", (
        "alter table wedsync_realtime.topics disable row level security",
    ), "topics"),
    Fault("own_row_level_security", "fail", (
        "alter table public.realtime_activity_logs_default disable row level security",
    ), "realtime_activity_logs_default"),
    Fault("dispatch_triggers", "fail", (
        "alter table public.clients disable trigger user",
    ), "clients (0 of 4 for client-profiles)"),
    Fault("dispatch_triggers", "fail", (
        "do $$ begin execute (select format('drop trigger %I on public.couples', tgname)"
        " from pg_trigger where tgrelid = 'public.couples'::regclass"
        " and tgname like '%update_dispatch%'); end $$",
    ), "couples (3 of 4 for couple-profile)"),
    Fault("replica_identity", "fail", (
        "alter table public.suppliers replica identity default",
    ), "suppliers"),
    Fault("publication", "fail", (
        "alter publication supabase_realtime drop table public.core_fields",
    ), "core_fields"),
    Fault("channel_columns", "fail", (
        "alter table public.form_responses rename column supplier_id to vendor_id",
    ), "form-responses: no column supplier_id", (
        "update wedsync_realtime.channels set tenant_column = 'vendor_id'"
        " where name = 'form-responses'",
    )),
    Fault("channel_columns", "fail", (
        "alter table public.core_fields drop column id",
    ), "core-fields: no column id", (
        "alter table public.core_fields add column id uuid default gen_random_uuid() primary key",
    )),
    Fault("channel_columns", "fail", (
        "drop table public.core_fields",
    ), "core-fields: no table public.core_fields", (
        "select wedsync_realtime.unregister_channel('core-fields')",
    )),
    Fault("watching_triggers", "fail", (
        "alter table public.clients disable trigger clients_after_delete_revoke",
    ), "clients_after_delete_revoke"),
    Fault("watching_triggers", "fail", (
        "drop trigger settings_after_update_log on wedsync_realtime.settings",
    ), "settings_after_update_log", None),
    Fault("limits", "fail", (
        "select tests.subscribe_bloom()",
        "update wedsync_realtime.tenants set max_subscriptions = 1",
    ), "1 above 80 %, highest 100 %", (
        "update wedsync_realtime.tenants set max_subscriptions = 100",
    )),
    Fault("limits", "warn", (
        "select tests.subscribe_bloom()",
        "update wedsync_realtime.tenants set max_subscriptions = 3",
        "update wedsync_realtime.settings set warn_load = 0.3",
    ), "1 above 30 %, highest 33 %", ("update wedsync_realtime.settings set warn_load = 0.5",)),
    Fault("stale_leases", "warn", (
        "select tests.subscribe_bloom()",
        "update public.realtime_subscriptions set last_ping_at = now() - interval '21 minutes'",
    ), "1 that expired"),
    Fault("unready_topics", "warn", (
        "select tests.subscribe_bloom()",
        "update wedsync_realtime.topics"
        " set is_ready = false, blockers = '{9/9}', created_at = now() - interval '2 minutes'",
    ), "1 for over a minute", ("update wedsync_realtime.topics set is_ready = true",)),
    Fault("dispatch_failures", "fail", (
        "select tests.subscribe_bloom()",
        "update wedsync_realtime.settings set dispatch_guarded = true",
        "alter table wedsync_realtime.events add constraint none check (false) not valid",
        _DISPATCH,
    ), "violates check constraint", ("delete from wedsync_realtime.dispatch_failures",)),
    Fault("dispatch_failures", "warn", (
        "select wedsync_realtime.note_failure(1::smallint, 'broadcast', 'XX000', 'no room')",
    ), "1 in the last hour; latest: no room", ("delete from wedsync_realtime.dispatch_failures",)),
    Fault("relay", "fail", (
        *_WELL, "update wedsync_realtime.relays set seen_at = now() - interval '5 minutes'",
    ), "none alive, last report 00:05:0"),
    Fault("relay", "fail", (
        _RELAY.format("false", 0, ', "last_error": "no answer"'),
    ), "alive, and none leads; error: no answer", (
        *_WELL, "update wedsync_realtime.relays set last_error_at = now() - interval '2 minutes'",
    )),
    Fault("relay", "warn", (_RELAY.format("true", 20, ""),), "lag 20.0 s", _WELL),
    Fault("relay", "fail", (_RELAY.format("true", 90, ""),), "lag 90.0 s", _WELL),
    Fault("relay", "warn", (
        _RELAY.format("true", 0, ', "last_error": "disk full"'),
    ), "error: disk full", (
        *_WELL, "update wedsync_realtime.relays set last_error_at = now() - interval '2 minutes'",
    )),
    Fault("deployed_version", "fail", (
        "create or replace function wedsync_realtime.may_hear("
        " user_id uuid, channel_id smallint, tenant_id uuid) returns boolean language plpgsql"
        " stable security definer set search_path = pg_catalog, pg_temp"
        " as 'begin return true; end'",
    ), "may_hear.sql", None),
    Fault("deployed_version", "fail", (
        "grant execute on function wedsync_realtime.end_leases to public",
    ), "end_leases.sql", ("revoke execute on function wedsync_realtime.end_leases from public",)),
    Fault("deployed_version", "fail", (
        "drop view wedsync_realtime.refusals",
    ), "refusals.sql", None),
    Fault("function_owners", "warn", (
        "alter function wedsync_realtime.ping owner to postgres",
    ), "ping: postgres"),
    Fault("health_jobs", "fail", (
        "alter view wedsync_realtime.job_history rename to lost",
    ), "does not exist", ("alter view wedsync_realtime.lost rename to job_history",), False),
]  # fmt: skip
