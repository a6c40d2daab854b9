"""Plan: what would run, and the SQL, without a trace in the database."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.deployment.conftest import Run, execute
from tests.deployment.dump import schema
from tests.support.deployment.tree import Tree
from tests.support.postgres.cluster import Cluster
from tests.support.waiting import until
from wedsync_realtime.source.scripts import default_root, discover


@pytest.fixture
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return Tree(tmp_path_factory.mktemp("tree"))


def test_steps_are_in_order_with_their_reasons(tree: Tree, empty_database: str, run: Run) -> None:
    tree.tables(1)
    tree.function("gone", "select 1")
    tree.function("f", "select 1")
    tree.write("functions/jobs/j.sql", "select 1;")
    assert run("migrate", empty_database, "--source", tree.root).code == 0
    before = schema(empty_database)
    assert run("plan", empty_database, "--source", tree.root).out == "Nothing to do.\n"
    tree.delete("functions/public/gone.sql")
    tree.function("f", "select 2")
    tree.migration(2, "create table public.t2 ();")
    ran = run("plan", empty_database, "--source", tree.root, "--json")
    assert ran.code == 3
    assert [(step["action"], step["path"]) for step in ran.json["steps"]] == [
        ("new", "migrations/0002_topic.sql"),
        ("changed", "functions/public/f.sql"),
        ("drop", "functions/public/gone.sql"),
        ("always", "functions/jobs/j.sql"),
    ]
    assert schema(empty_database) == before


def test_plan_writes_nothing_into_an_empty_database(empty_database: str, run: Run) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        written = (  # catalogs too, but for what an ANALYZE by the server writes
            "select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_all_tables"
            " where relname <> 'pg_statistic'"
        )
        before = connection.execute(written).fetchone()
        assert run("plan", empty_database, "--sql").code == 3
        others = "select from pg_stat_activity where datname = current_database() and pid <> %s"
        pid = connection.info.backend_pid
        until(lambda: not connection.execute(others, (pid,)).fetchall())  # what they did is counted
        assert connection.execute(written).fetchone() == before


def test_sql_gives_the_same_schema_in_psql(
    cluster: Cluster, deployed_schema: list[str], empty_database: str, run: Run
) -> None:
    text = run("plan", empty_database, "--sql").out
    done = subprocess.run(
        [cluster.psql(), "-X", "-q", "-v", "ON_ERROR_STOP=1", empty_database],
        input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert schema(empty_database) == deployed_schema
    assert run("plan", empty_database).code == 0
    assert "no record of what its objects" in run("verify", empty_database).err
    assert run("migrate", empty_database).code == 0
    assert run("verify", empty_database).code == 0


def test_edited_migration_stops_it(tree: Tree, empty_database: str, run: Run) -> None:
    tree.tables(1)
    run("migrate", empty_database, "--source", tree.root)
    tree.migration(1, "select 1;")
    ran = run("plan", empty_database, "--source", tree.root)
    assert ran.code == 1
    assert "Edited after it landed" in ran.err
    ran = run("plan", empty_database, "--source", tree.root, "--json")
    assert (ran.code, ran.json["error"]) == (1, "EditedMigrationError")


def test_sql_is_printed_whatever_the_terminal_can_show(empty_database: str) -> None:
    program = [sys.executable, "-m", "wedsync_realtime", "plan", "--sql"]
    done = subprocess.run(
        [*program, "--database-url", empty_database],
        check=False, capture_output=True, env=os.environ | {"PYTHONIOENCODING": "latin-1"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (3, b"")


def test_plan_of_a_newer_database_is_refused(database: str, run: Run) -> None:
    execute(database, "update wedsync_realtime.deployments set version = '99.0.0'")
    for command in ("plan", "migrate"):
        ran = run(command, database)
        assert ran.code == 1
        assert "The database has version 99.0.0" in ran.err


def test_layout_of_one_folder_a_schema_is_no_change(
    empty_database: str, tmp_path: Path, run: Run
) -> None:
    """A database that was deployed while functions/ had no rooms has nothing to do."""
    shutil.copytree(default_root() / "migrations", tmp_path / "migrations")
    shutil.copytree(default_root() / "policies", tmp_path / "policies")
    for script in discover(default_root()):
        if script.path.startswith("functions/"):
            file = tmp_path / script.key
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(script.content)
    assert run("migrate", empty_database, "--source", tmp_path).code == 0
    ran = run("plan", empty_database, "--json")
    assert (ran.code, ran.json["steps"]) == (0, [])
    assert run("verify", empty_database).code == 0
