"""`make bundle`: what `supabase db push` makes of it is what `make migrate` does."""

import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.supabase.bundles import bundled, query
from tests.supabase.conftest import Cli
from tests.support.deployment.tree import Tree
from tests.support.postgres.cluster import Cluster, running_cluster
from tests.support.postgres.supabase import PROJECT
from tests.support.postgres.tcp import over_tcp
from wedsync_realtime.deployment.deploy import migrate
from wedsync_realtime.entry.cli import main

ROOT = Path(__file__).parents[2]
SEED = """
    select to_jsonb(s) - 'cursor_secret', null::jsonb from wedsync_realtime.settings as s
    union all
    select null, to_jsonb(c) - 'created_at' from wedsync_realtime.channels as c
    union all
    select null, to_jsonb(r) from wedsync_realtime.event_rules as r
    union all
    select to_jsonb(d) - '{applied_at,duration}'::text[], null
    from wedsync_realtime.deployed_scripts as d
    order by 1, 2
"""
DRIFT = "select status from wedsync_realtime.health() where name = 'deployed_version'"


@pytest.fixture
def package(tree: Tree) -> Tree:
    """Return a copy of the package's scripts, to be changed."""
    for folder in ("migrations", "functions", "policies"):
        shutil.copytree(ROOT / folder, tree.root / folder)
    return tree


def push(cli: Cli, project: Path, url: str) -> subprocess.CompletedProcess[str]:
    with over_tcp(url) as address:
        return cli(project, "db", "push", f"--remote={address}")


def pushed(cli: Cli, project: Path, url: str) -> None:
    done = push(cli, project, url)
    assert done.returncode == 0, done.stderr


def dump(cluster: Cluster, url: str) -> list[str]:
    """Return what pg_dump says of the schema."""
    program = cluster.bindir / "pg_dump"
    if not program.exists():
        pytest.skip(f"{cluster.bindir} comes without pg_dump")
    done = subprocess.run(
        [program, "--schema-only", "--exclude-schema=supabase_migrations", url],
        check=True,
        capture_output=True,
        text=True,
    )
    return [line for line in done.stdout.splitlines() if "restrict" not in line[:12]]


def seed(url: str) -> list[object]:
    """Return the rows that a deployment writes, but for times and secrets."""
    with psycopg.connect(url) as connection:
        return list(connection.execute(SEED.encode()))


def change(package: Tree) -> None:
    """Change the package in every way in which it may change."""
    body = package.root / "functions/api/realtime_status.sql"
    body.write_text(
        body.read_text().replace("comment on function", "-- again\ncomment on function")
    )
    signature = package.root / "functions/dispatch/dispatch_name.sql"
    signature.write_text(
        signature.read_text()
        .replace("dispatch_name(channel text", "dispatch_name(channel_name text")
        .replace("replace(channel,", "replace(channel_name,")
    )
    package.migration(
        len(list((package.root / "migrations").iterdir())),  # the README is one of them
        "create table wedsync_realtime.notes (note text);\n"
        "insert into wedsync_realtime.notes values ('dollars: $script$; and ''quotes''');",
    )
    package.function("grows", "select 1", "a integer, b integer default 2")
    package.delete("functions/public/goes.sql")
    package.function("added", "select 1")
    package.write(
        "policies/notes.sql", "alter table wedsync_realtime.notes enable row level security;"
    )


def test_push_is_the_same_as_migrate(
    supabase_cli: Cli,
    cluster: Cluster,
    package: Tree,
    project: Path,
    empty_database: str,
    other_database: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    package.function("grows", "select 1", "a integer")
    package.function("goes", "select 1")
    for step in range(2):
        if step:
            change(package)
        (written,) = bundled(project, package)
        pushed(supabase_cli, project, empty_database)
        migrate(other_database, package.root)
        assert seed(empty_database) == seed(other_database)
        assert dump(cluster, empty_database) == dump(cluster, other_database)
        # the runner knows what is there, and takes the record that verify compares with
        command = ["--source", str(package.root), "--database-url", empty_database]
        assert main(["status", *command]) == 0
        assert main(["verify", *command]) == 1
        assert "no record of what its objects were like" in capsys.readouterr().err
        assert migrate(empty_database, package.root).is_nothing
        assert main(["verify", *command]) == 0
        assert query(empty_database, DRIFT) == "ok"
        assert not bundled(project, package)
    assert set(written.applied) == {
        "migrations/" + max(file.name for file in (package.root / "migrations").glob("0*")),
        "functions/public/added.sql",
        "functions/public/grows.sql",
        "functions/api/realtime_status.sql",
        "functions/dispatch/dispatch_name.sql",
        "policies/notes.sql",
    }
    assert written.removed == ("functions/public/goes.sql",)


def test_role_that_is_no_superuser_pushes_all(
    supabase_cli: Cli, package: Tree, project: Path
) -> None:
    with running_cluster() as own:
        with own.connect() as connection:
            connection.execute("create role platform login createrole")
            connection.execute("create database app owner platform")
        url = own.dsn("app").replace("postgres@", "platform@")
        with psycopg.connect(url) as connection:
            connection.execute(PROJECT)
        package.function("grows", "select 1", "a integer")
        package.function("goes", "select 1")
        for step in range(2):
            if step:
                change(package)
            bundled(project, package)
            pushed(supabase_cli, project, url)
            assert migrate(url, package.root).is_nothing
        owners = "select count(distinct p.proowner) from pg_proc as p where p.prosecdef"
        assert query(url, f"{owners} and p.proowner = 'wedsync_realtime_owner'::regrole") == 1


def test_bundle_that_fails_leaves_nothing(
    supabase_cli: Cli, tree: Tree, project: Path, empty_database: str
) -> None:
    tree.tables(2)
    tree.write("functions/jobs/fail.sql", "select 1 / 0;")
    bundled(project, tree)
    assert "division by zero" in push(supabase_cli, project, empty_database).stderr
    assert query(empty_database, "select to_regnamespace('wedsync_realtime')") is None
    assert query(empty_database, "select to_regclass('public.t1')") is None


def test_migration_without_transaction_has_a_file_of_its_own(
    supabase_cli: Cli, tree: Tree, project: Path, empty_database: str
) -> None:
    tree.tables(1)
    alone = (
        "-- No transaction: x.\ncreate index concurrently if not exists t1_idx on public.t1 (id);"
    )
    tree.migration(2, alone)
    tree.migration(3, "create table public.t3 ();")
    assert [each.applied for each in bundled(project, tree)] == [
        ("migrations/0001_topic.sql",),
        ("migrations/0002_topic.sql",),
        ("migrations/0003_topic.sql",),
    ]
    pushed(supabase_cli, project, empty_database)
    assert query(empty_database, "select to_regclass('public.t1_idx')::text") == "t1_idx"
    assert migrate(empty_database, tree.root).is_nothing
    assert not bundled(project, tree)
