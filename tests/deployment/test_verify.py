"""Verify: every kind of hand edit is named, and nothing that the data makes."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.deployment.conftest import Run, execute, values
from tests.support.postgres.cluster import Cluster
from tests.support.postgres.servers import caught_up, durable_server
from wedsync_realtime.inspection.verify import examine
from wedsync_realtime.source.scripts import default_root, discover

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
    "drop function wedsync_realtime.dispatch_client_profiles_insert() cascade": (
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

# What administrators do, and time: none of it is a difference.
USE = """
    create table public.notes (id uuid primary key, supplier_id uuid, body text);
    select wedsync_realtime.register_channel(
        'notes', 'public.notes', 'supplier_id', 'supplier_id', 'own_supplier'
    );
    select wedsync_realtime.protect_table('public.notes');
    update wedsync_realtime.settings set notify_enabled = false, event_bytes = 2048;
    update wedsync_realtime.channels set is_enabled = false where name = 'core-fields';
    select wedsync_realtime.add_partition('wedsync_realtime.events', '2020-01-01', '1 day');
    select wedsync_realtime.add_partition('public.realtime_activity_logs', '2020-01-01', '1 month');
    create policy own on public.clients using (supplier_id is not null);
    create table public.other (id int);
    select wedsync_realtime.unregister_channel('supplier-profile');
    create role verified_reader;
    grant wedsync_realtime_monitor, wedsync_realtime_relay to verified_reader;
"""


def test_what_was_deployed_is_as_deployed(database: str, run: Run) -> None:
    ran = run("verify", database, "--json")
    assert ran.code == 0
    assert ran.json["findings"] == []
    assert ran.json["objects"] > 500


@pytest.fixture(scope="module")
def connection(cluster: Cluster, template: str) -> Iterator[psycopg.Connection]:
    with cluster.database(template) as url, psycopg.connect(url) as connection:
        yield connection


@pytest.mark.parametrize(("edit", "finding"), EDITS.items())
def test_hand_edit_is_named(connection: psycopg.Connection, edit: str, finding: str) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute(edit.encode())
        verdict = examine(connection, discover(default_root()))
    assert finding in map(str, verdict.findings)


@pytest.mark.parametrize(
    "setting",
    ["intervalstyle=iso_8601", "quote_all_identifiers=on", "standard_conforming_strings=off"],
)
def test_settings_of_the_role_are_no_difference(database: str, run: Run, setting: str) -> None:
    assert run("verify", f"{database}&options=-c%20{setting.replace('=', '%3D')}").code == 0


def test_hand_edits_end_the_command_with_3(database: str, run: Run) -> None:
    execute(database, ";".join(edit for edit in EDITS if "subscriptions" in edit))
    ran = run("verify", database)
    assert ran.code == 3
    for edit, finding in EDITS.items():
        assert ("subscriptions" not in edit) or finding in ran.out.splitlines()


def test_what_administrators_do_is_no_difference(database: str, run: Run) -> None:
    execute(database, USE)
    assert run("verify", database).code == 0
    assert run("migrate", database).code == 0
    assert run("verify", database).code == 0
    execute(database, "drop role verified_reader")


@pytest.mark.parametrize("table", ['"The App"."No""tes"', '"The App"."' + "ä" * 31 + '"'])
def test_names_that_need_quotes_are_no_difference(database: str, run: Run, table: str) -> None:
    execute(
        database,
        f"""
        create schema "The App";
        create table {table} (id uuid primary key, "Sup'plier" uuid);
        select wedsync_realtime.register_channel(
            'notes', '{table}', 'Sup''plier', 'supplier_id', 'own_supplier'
        );
        """,
    )
    assert run("verify", database).code == 0
    channels = "select schema_name from wedsync_realtime.channels where name = 'notes'"
    assert values(database, channels) == ["The App"]


def test_partition_that_differs_from_the_others_is_named(database: str, run: Run) -> None:
    (partition,) = values(
        database,
        "select min(inhrelid::regclass::text) from pg_inherits"
        " where inhparent = 'wedsync_realtime.events'::regclass"
        " and inhrelid::regclass::text ~ '[0-9]$'",
    )
    execute(database, f"alter table {partition} disable row level security")
    assert f"changed: table {partition}" in run("verify", database).out


def test_deployment_does_not_hide_what_was_edited(database: str, run: Run) -> None:
    execute(database, "grant select on wedsync_realtime.settings to anon")
    execute(database, "delete from wedsync_realtime.deployed_scripts where path like '%ping.sql'")
    assert run("verify", database).code == 3
    assert run("migrate", database).code == 0
    assert "changed: table wedsync_realtime.settings" in run("verify", database).out


def test_difference_shows_both_sides(database: str, run: Run) -> None:
    execute(database, "alter policy settings_all_owner on wedsync_realtime.settings using (false)")
    lines = run("verify", database, "--diff").out.splitlines()
    assert any(line.startswith("    -") and "using true" in line for line in lines)
    assert any(line.startswith("    +") and "using false" in line for line in lines)


def test_scratch_database_is_the_judge_where_the_record_was_edited_too(
    database: str, run: Run
) -> None:
    execute(
        database,
        "drop index wedsync_realtime.topics_tenant_id_idx;"
        "delete from wedsync_realtime.deployed_objects where name like 'topics_tenant_id_idx on%'",
    )
    assert run("verify", database).code == 0
    assert "missing: index topics_tenant_id_idx" in run("verify", database, "--scratch").out
    scratches = "select datname from pg_database where datname like 'wedsync_scratch%'"
    assert values(database, scratches) == []


def test_broken_function_does_not_stop_it(database: str, run: Run) -> None:
    execute(database, "drop function wedsync_realtime.dispatch_name(text, text)")
    ran = run("verify", database)
    assert ran.code == 3
    assert "missing: function wedsync_realtime.dispatch_name(text,text)" in ran.out
    assert "unread: objects of channels" in ran.out


def test_without_the_package_it_says_so(empty_database: str, run: Run) -> None:
    ran = run("verify", empty_database)
    assert ran.code == 1
    assert "no record that the package was deployed" in ran.err


def test_standby_is_verified_and_not_written_to(run: Run) -> None:
    with durable_server("app") as server, server.standby() as replica:
        execute(server.url("app"), "grant select on wedsync_realtime.settings to anon")
        with (
            psycopg.connect(server.url("app")) as primary,
            psycopg.connect(replica.url("app")) as standby,
        ):
            caught_up(primary, standby)
        ran = run("verify", replica.url("app"))
        assert ran.code == 3
        assert ran.out.splitlines()[0] == "changed: table wedsync_realtime.settings"
        for command in ("plan", "status"):
            assert run(command, replica.url("app")).code == 0
        for command in ("migrate", "rollback", "uninstall"):
            arguments = [] if command == "migrate" else ["--yes"]
            arguments += ["--to", "8"] if command == "rollback" else []
            ran = run(command, replica.url("app"), *arguments)
            assert ran.code == 1
            assert "standby" in ran.err
