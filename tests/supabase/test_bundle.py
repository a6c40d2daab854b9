"""`make bundle`: what `supabase db push` makes of it is what `make migrate` does."""

import errno
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.supabase.conftest import Cli
from tests.support.cluster import Cluster, running_cluster
from tests.support.supabase import PROJECT
from tests.support.tcp import over_tcp
from tests.support.tree import Tree
from wedsync_realtime import bundle
from wedsync_realtime.cli import main
from wedsync_realtime.deploy import LOCK_KEY, migrate
from wedsync_realtime.errors import BrokenBundleError, EditedMigrationError, RemovedScriptError

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
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "source")


@pytest.fixture
def package(tree: Tree) -> Tree:
    """Return a copy of the package's scripts, to be changed."""
    for folder in ("migrations", "functions", "policies"):
        shutil.copytree(ROOT / folder, tree.root / folder)
    return tree


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the folder of a Supabase project without migrations."""
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture
def other_database(cluster: Cluster) -> Iterator[str]:
    """Yield the URL of a second empty database."""
    with cluster.database() as url:
        yield url


def bundled(project: Path, tree: Tree) -> list[bundle.Bundle]:
    return bundle.write(project / bundle.DEFAULT_FOLDER, tree.root)


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
    body = package.root / "functions/public/realtime_status.sql"
    body.write_text(
        body.read_text().replace("comment on function", "-- again\ncomment on function")
    )
    signature = package.root / "functions/wedsync_realtime/problem_status.sql"
    signature.write_text(
        signature.read_text()
        .replace("problem_status(code text)", "problem_status(problem_code text)")
        .replace("problem_status.code", "problem_status.problem_code")
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


def apply(url: str, written: bundle.Bundle) -> None:
    """Apply a bundle in one transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(written.file.read_bytes())


def query(url: str, text: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(text.encode()).fetchone()
        return row[0] if row else None


def test_push_is_the_same_as_migrate(
    supabase_cli: Cli,
    cluster: Cluster,
    package: Tree,
    project: Path,
    empty_database: str,
    other_database: str,
    capsys: Capture,
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
        "functions/public/realtime_status.sql",
        "functions/wedsync_realtime/problem_status.sql",
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


def test_bundle_is_refused_where_it_does_not_follow(
    tree: Tree, project: Path, empty_database: str, other_database: str
) -> None:
    tree.tables(1)
    (first,) = bundled(project, tree)
    tree.tables(2)
    (second,) = bundled(project, tree)
    assert int(second.file.name[:14]) > int(first.file.name[:14])
    with pytest.raises(psycopg.Error, match="wedsync-realtime is not in this database") as refusal:
        apply(empty_database, second)
    assert "in their order" in str(refusal.value.diag.message_hint)
    apply(empty_database, first)
    with pytest.raises(psycopg.Error, match="in this database already"):
        apply(empty_database, first)
    apply(empty_database, second)
    with pytest.raises(psycopg.Error, match="not the one that this bundle follows"):
        apply(empty_database, second)
    migrate(other_database, tree.root)
    with pytest.raises(psycopg.Error, match="in this database already") as refusal:
        apply(other_database, first)
    assert "supabase migration repair" in str(refusal.value.diag.message_hint)


def test_bundle_is_refused_outside_of_a_transaction(
    cluster: Cluster, tree: Tree, project: Path, empty_database: str
) -> None:
    tree.tables(1)
    (written,) = bundled(project, tree)
    psql = [cluster.psql(), "-X", "-v", "ON_ERROR_STOP=1", "-f", str(written.file), empty_database]
    refused = subprocess.run(psql, check=False, capture_output=True, text=True)
    assert "a bundle is applied in one transaction" in refused.stderr
    assert query(empty_database, "select to_regclass('public.t1')") is None
    subprocess.run([*psql, "--single-transaction"], check=True, capture_output=True)
    assert query(empty_database, "select to_regclass('public.t1')::text") == "t1"


def test_bundle_waits_for_the_runner(tree: Tree, project: Path, empty_database: str) -> None:
    tree.tables(1)
    (written,) = bundled(project, tree)
    with psycopg.connect(empty_database) as other:
        other.execute("select pg_advisory_xact_lock(%s)", (LOCK_KEY,))
        with pytest.raises(psycopg.errors.LockNotAvailable):
            apply(empty_database, written)


def test_bodies_are_checked(tree: Tree, project: Path, empty_database: str) -> None:
    tree.function("f", "select nothing from nowhere")
    tree.tables(1)
    (written,) = bundled(project, tree)
    with pytest.raises(psycopg.errors.UndefinedTable):
        apply(empty_database, written)


def test_rewritten_history_is_refused(tree: Tree, project: Path) -> None:
    paths = tree.tables(2)
    (written,) = bundled(project, tree)
    tree.migration(2, "select 2;")
    with pytest.raises(EditedMigrationError, match=paths[1]):
        bundled(project, tree)
    tree.tables(3)
    bundled(project, tree)
    written.file.unlink()
    with pytest.raises(BrokenBundleError, match="does not follow the bundles before it"):
        bundled(project, tree)


def test_bundle_that_cannot_be_written_leaves_no_part_of_it(
    tree: Tree, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_short(path: Path, text: str, **_: str) -> int:
        path.write_bytes(text.encode()[:-100])
        raise OSError(errno.ENOSPC, "No space left on device")

    tree.tables(2)
    with monkeypatch.context() as full:
        full.setattr(Path, "write_text", cut_short)
        with pytest.raises(OSError, match="No space"):
            bundled(project, tree)
    assert list((project / bundle.DEFAULT_FOLDER).iterdir()) == []
    (written,) = bundled(project, tree)
    assert list((project / bundle.DEFAULT_FOLDER).iterdir()) == [written.file]


def test_deleted_policy_needs_a_migration(tree: Tree, project: Path, empty_database: str) -> None:
    tree.tables(1)
    policy = tree.write("policies/t1.sql", "alter table public.t1 enable row level security")
    apply(empty_database, *bundled(project, tree))
    tree.delete(policy)
    with pytest.raises(RemovedScriptError, match=policy):
        bundled(project, tree)
    tree.migration(2, f"-- undoes {policy}\nalter table public.t1 disable row level security;")
    (written,) = bundled(project, tree)
    with pytest.raises(psycopg.Error, match="is still in the database"):
        apply(empty_database, written)
    written.file.unlink()
    forget = f"delete from wedsync_realtime.deployed_scripts where path = '{policy}';"
    tree.migration(2, f"alter table public.t1 disable row level security;\n{forget}")
    apply(empty_database, *bundled(project, tree))
    assert migrate(empty_database, tree.root).is_nothing


def test_command_says_what_it_wrote(tree: Tree, project: Path, capsys: Capture) -> None:
    tree.tables(2)
    folder = project / "supabase" / "migrations"
    folder.mkdir(parents=True)
    (folder / "29991231235959_theirs.sql").touch()
    command = ["bundle", "--source", str(tree.root), "--into", str(folder)]
    assert main(command) == 0
    file = folder / "29991231235960_realtime_system.sql"
    assert capsys.readouterr().out == f"{file}\n2 scripts\n"
    assert file.exists()
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"files": [], "applied": [], "removed": []}
