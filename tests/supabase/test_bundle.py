"""`make bundle`: what it writes, and what it refuses."""

import errno
import json
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.supabase.bundles import apply, bundled, query
from tests.support.deployment.tree import Tree
from tests.support.postgres.cluster import Cluster
from wedsync_realtime.deployment.deploy import LOCK_KEY, migrate
from wedsync_realtime.entry.cli import main
from wedsync_realtime.errors import BrokenBundleError, EditedMigrationError, RemovedScriptError
from wedsync_realtime.packaging import bundle

Capture = pytest.CaptureFixture[str]


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
