"""Hand edits of every kind, and what verify says of each."""

import re

EDITS = {
    "alter table wedsync_realtime.settings add note text": (
        "foreign: column wedsync_realtime.settings.note"
    ),
    "alter table wedsync_realtime.settings alter stale_after set default '1 hour'": (
        "changed: column wedsync_realtime.settings.stale_after"
    ),
    "alter table wedsync_realtime.settings drop warn_slot_bytes": (
        "missing: column wedsync_realtime.settings.warn_slot_bytes"
    ),
    "create table wedsync_realtime.notes (id int primary key)": (
        "foreign: table wedsync_realtime.notes"
    ),
    "drop table wedsync_realtime.dispatch_failures": (
        "missing: table wedsync_realtime.dispatch_failures"
    ),
    "drop index wedsync_realtime.topics_tenant_id_idx": (
        "missing: index topics_tenant_id_idx on wedsync_realtime.topics"
    ),
    "create index topics_own_idx on wedsync_realtime.topics (created_at)": (
        "foreign: index topics_own_idx on wedsync_realtime.topics"
    ),
    "alter table wedsync_realtime.tenants drop constraint tenants_subscriptions_check": (
        "missing: constraint tenants_subscriptions_check on wedsync_realtime.tenants"
    ),
    "alter table public.realtime_subscriptions disable trigger all": (
        "changed: trigger realtime_subscriptions_after_delete_log on public.realtime_subscriptions"
    ),
    "alter table public.clients disable trigger clients_after_delete_revoke": (
        "changed: trigger clients_after_delete_revoke on public.clients"
    ),
    "drop trigger clients_after_delete_revoke on public.clients": (
        "missing: trigger clients_after_delete_revoke on public.clients"
    ),
    "drop trigger clients_after_insert_dispatch_4 on public.clients": (
        "missing: trigger clients_after_insert_dispatch_4 on public.clients"
    ),
    "alter table public.couples disable trigger couples_after_update_dispatch_7": (
        "changed: trigger couples_after_update_dispatch_7 on public.couples"
    ),
    "create or replace function wedsync_realtime.caller_id() returns uuid language sql"
    " as 'select null::uuid'": "changed: function wedsync_realtime.caller_id()",
    "alter function wedsync_realtime.ping(text, uuid) owner to postgres": (
        "changed: function wedsync_realtime.ping(text,uuid)"
    ),
    "grant execute on function wedsync_realtime.caller_id() to public": (
        "changed: function wedsync_realtime.caller_id()"
    ),
    "drop function public.realtime_status()": "missing: function public.realtime_status()",
    "create function wedsync_realtime.helper() returns int return 1": (
        "foreign: function wedsync_realtime.helper()"
    ),
    "create function public.realtime_status(a int) returns int return 1": (
        "foreign: function public.realtime_status(integer)"
    ),
    "create or replace function wedsync_realtime.dispatch_clients_x() returns trigger"
    " language plpgsql as 'begin return null; end'": (
        "foreign: function wedsync_realtime.dispatch_clients_x()"
    ),
    "create or replace function wedsync_realtime.dispatch_client_profiles_insert()"
    " returns trigger language plpgsql security definer as 'begin return null; end'": (
        "changed: function wedsync_realtime.dispatch_client_profiles_insert()"
    ),
    "alter function wedsync_realtime.dispatch_client_profiles_insert() security invoker": (
        "changed: function wedsync_realtime.dispatch_client_profiles_insert()"
    ),
    "drop function wedsync_realtime.dispatch_client_profiles_insert() cascade"
    " /* its trigger on public.clients, too */": (
        "missing: function wedsync_realtime.dispatch_client_profiles_insert()"
    ),
    "alter policy channels_all_owner on wedsync_realtime.channels using (false)": (
        "changed: policy channels_all_owner on wedsync_realtime.channels"
    ),
    "create policy open on public.realtime_subscriptions using (true)": (
        "foreign: policy open on public.realtime_subscriptions"
    ),
    "drop policy clients_all_owner on public.clients": (
        "missing: policy clients_all_owner on public.clients"
    ),
    "alter table wedsync_realtime.settings disable row level security": (
        "changed: table wedsync_realtime.settings"
    ),
    "grant select on wedsync_realtime.settings to anon": "changed: table wedsync_realtime.settings",
    "grant select (cursor_secret) on wedsync_realtime.settings to anon": (
        "changed: column wedsync_realtime.settings.cursor_secret"
    ),
    "grant create on schema wedsync_realtime to authenticated": "changed: schema wedsync_realtime",
    "revoke select on public.clients from wedsync_realtime_owner": (
        "missing: grant to wedsync_realtime_owner on public.clients"
    ),
    "grant delete on public.clients to wedsync_realtime_owner": (
        "changed: grant to wedsync_realtime_owner on public.clients"
    ),
    "comment on table wedsync_realtime.settings is 'mine'": (
        "changed: table wedsync_realtime.settings"
    ),
    "create rule quiet as on delete to wedsync_realtime.settings do instead nothing": (
        "foreign: rule quiet on wedsync_realtime.settings"
    ),
    "create type wedsync_realtime.mood as enum ('sad')": "foreign: type wedsync_realtime.mood",
    "alter table public.clients replica identity default": (
        "changed: replica identity public.clients"
    ),
    "alter publication supabase_realtime drop table public.couples": (
        "changed: publication supabase_realtime of public.couples"
    ),
    "alter sequence wedsync_realtime.events_id_seq maxvalue 10": (
        "changed: sequence wedsync_realtime.events_id_seq"
    ),
    'alter table wedsync_realtime.dispatch_failures alter message type text collate "C"': (
        "changed: column wedsync_realtime.dispatch_failures.message"
    ),
    "alter table public.clients disable row level security": (
        "changed: policy clients_select_tenant on public.clients"
    ),
    "grant pg_read_all_data to wedsync_realtime_monitor": (
        "changed: role wedsync_realtime_monitor"
    ),
    "alter default privileges in schema wedsync_realtime grant select on tables to anon": (
        "foreign: default privileges of postgres on tables"
    ),
}  # fmt: skip


def in_rounds() -> list[list[str]]:
    """Return the edits in rounds, within which none names an object that another one names."""
    rounds: list[tuple[set[str], list[str]]] = []
    for edit, finding in EDITS.items():
        names = set(re.findall(r"(?:wedsync_realtime|public)\.\w+", f"{edit} {finding}"))
        for taken, edits in rounds:
            if not names & taken:
                taken |= names
                edits.append(edit)
                break
        else:
            rounds.append((names, [edit]))
    return [edits for _, edits in rounds]
