"""Rollback: real undoing, with its losses told, and forward again to the same schema."""

import shutil
from pathlib import Path

import pytest

from tests.deployment.conftest import Run, execute, values
from tests.deployment.dump import schema
from wedsync_realtime.source import undo
from wedsync_realtime.source.scripts import Kind, default_root, discover

MIGRATIONS = [script for script in discover(default_root()) if script.kind is Kind.MIGRATION]
BY_UNINSTALL = 3  # the first migrations make roles, auth and tables: uninstall takes them away


def test_every_migration_tells_how_it_is_undone_and_what_is_lost() -> None:
    for number, migration in enumerate(MIGRATIONS, 1):
        steps = undo.parse(undo.header(migration.text))
        assert steps.loss != "unknown", migration.path
        assert (steps.statement is None) is (number <= BY_UNINSTALL), migration.path


@pytest.mark.parametrize("target", [BY_UNINSTALL, 5, len(MIGRATIONS) - 1])
def test_back_and_forth_gives_the_same_schema(
    database: str, deployed_schema: list[str], run: Run, target: int
) -> None:
    ran = run("rollback", database, "--to", f"{target:04d}", "--yes", "--json")
    assert ran.code == 0
    assert len(ran.json["undone"]) == len(MIGRATIONS) - target
    assert ran.json["is_complete"] is False
    assert run("verify", database).code == 3
    assert run("migrate", database).code == 0
    assert sorted(schema(database)) == sorted(deployed_schema)
    assert run("verify", database).code == 0
    assert run("uninstall", database, "--yes").code == 0


def test_application_writes_on_while_the_package_is_rolled_back(database: str, run: Run) -> None:
    run("rollback", database, "--to", 8, "--yes")
    execute(database, "insert into public.clients (supplier_id) values (gen_random_uuid())")
    identities = "select relreplident from pg_class where oid = 'public.clients'::regclass"
    assert values(database, identities) == ["d"]
    published = "select tablename from pg_publication_tables where pubname = 'supabase_realtime'"
    assert values(database, published) == []
    run("migrate", database)
    assert values(database, identities) == ["f"]


def test_losses_are_told_and_nothing_is_undone_without_consent(
    database: str, deployed_schema: list[str], run: Run
) -> None:
    ran = run("rollback", database, "--to", 7)
    assert ran.code == 2
    assert "0008_activity_logs.sql: drop table public.realtime_activity_logs (loses the audit)" in (
        ran.err
    )
    assert "pass --yes" in ran.err
    assert schema(database) == deployed_schema


@pytest.mark.parametrize(
    ("to", "message"),
    [("0099", "no migration 0099"), ("9.9.9", "9.9.9 was never"), ("2", "by uninstall alone")],
)
def test_impossible_targets_are_named(database: str, run: Run, to: str, message: str) -> None:
    ran = run("rollback", database, "--to", to, "--yes")
    assert ran.code == 1
    assert message in ran.err


def test_database_goes_back_to_an_older_checkout(
    database: str, deployed_schema: list[str], run: Run, tmp_path: Path
) -> None:
    for folder in ("migrations", "functions", "policies"):
        shutil.copytree(default_root() / folder, tmp_path / folder)
    (tmp_path / f"migrations/{len(MIGRATIONS) + 1:04d}_notes.sql").write_text(
        "-- notes: for a test.\n-- Undo: drop table wedsync_realtime.notes (loses the notes).\n"
        "create table wedsync_realtime.notes (id integer);"
    )
    (tmp_path / "functions/api/realtime_note.sql").write_text(
        "create function public.realtime_note() returns wedsync_realtime.notes"
        " language plpgsql as 'begin return null; end'"
    )
    assert run("migrate", database, "--source", tmp_path).code == 0
    # the older files have neither the migration nor what it says about undoing
    assert run("migrate", database).code == 1
    ran = run("rollback", database, "--yes", "--json")
    assert (ran.code, ran.json["is_complete"]) == (0, True)
    assert sorted(schema(database)) == sorted(deployed_schema)
    assert run("verify", database).code == 0
    again = run("rollback", database, "--yes")
    assert (again.code, again.out) == (0, "Nothing to roll back.\n")


def test_what_somebody_else_built_on_it_stops_the_rollback(database: str, run: Run) -> None:
    execute(database, "create view public.mine as select * from public.realtime_activity_logs")
    before = schema(database)
    ran = run("rollback", database, "--to", 7, "--yes")
    assert ran.code == 1
    assert "view mine depends on table realtime_activity_logs" in ran.err
    assert schema(database) == before
