"""Verify: every kind of hand edit is named, and nothing that the data makes."""

import psycopg
import pytest

from tests.deployment.conftest import Run, execute, values
from tests.deployment.edits import EDITS, in_rounds
from tests.support.postgres.cluster import Cluster
from tests.support.postgres.servers import caught_up, durable_server
from wedsync_realtime.inspection.verify import examine
from wedsync_realtime.source.scripts import default_root, discover

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
def named(cluster: Cluster, template: str) -> dict[str, set[str]]:
    """Return what is found after each edit, and those of its round."""
    found: dict[str, set[str]] = {}
    with cluster.database(template) as url, psycopg.connect(url) as connection:
        for edits in in_rounds():
            with connection.transaction(force_rollback=True):
                connection.execute(";".join(edits).encode())
                verdict = examine(connection, discover(default_root()))
            found |= {edit: set(map(str, verdict.findings)) for edit in edits}
    return found


@pytest.mark.parametrize(("edit", "finding"), EDITS.items())
def test_hand_edit_is_named(named: dict[str, set[str]], edit: str, finding: str) -> None:
    assert finding in named[edit]


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
