"""The command as people and programs use it, and several of them at once."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.support.deployment.at_once import run_at_once
from tests.support.deployment.tree import Tree
from tests.support.waiting import PATIENCE
from wedsync_realtime.deployment import deploy
from wedsync_realtime.entry.cli import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def status(url: str, tree: Tree, capsys: Capture) -> tuple[int, dict[str, Any]]:
    code = main(["status", "--json", "--database-url", url, "--source", str(tree.root)])
    return code, json.loads(capsys.readouterr().out)


def start(command: str, url: str, tree: Tree) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "wedsync_realtime", command, "--json"]
    return subprocess.Popen(
        [*program, "--database-url", url, "--source", str(tree.root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("count", [2, 8])
def test_runners_at_once_apply_each_script_once(
    tree: Tree, empty_database: str, count: int
) -> None:
    tree.tables(5)
    tree.index(6, "t1_idx", "public.t1")
    tree.migration(7, "create table public.t7 (id integer);")
    function = tree.function("f", "select 1")
    outputs = run_at_once(
        count, "migrate", "--json", "--database-url", empty_database, "--source", tree.root
    )
    assert len(outputs) == count
    applied = [path for output in outputs for path in json.loads(output)["applied"]]
    assert sorted(applied) == sorted(
        [function, *(f"migrations/{number:04d}_topic.sql" for number in range(1, 8))]
    )


def test_runner_waits_for_the_other_one(tree: Tree, empty_database: str) -> None:
    tree.tables(1)
    with psycopg.connect(empty_database) as other:
        other.execute("select pg_advisory_xact_lock(%s)", (deploy.LOCK_KEY,))
        runner = start("migrate", empty_database, tree)
        assert runner.stderr
        assert "Another deployment is running" in runner.stderr.readline()
        other.rollback()
        output, _ = runner.communicate()
    assert json.loads(output)["applied"] == ["migrations/0001_topic.sql"]


def test_status_follows_the_files(tree: Tree, empty_database: str, capsys: Capture) -> None:
    paths = tree.tables(2)
    function = tree.function("f", "select 1")
    code, before = status(empty_database, tree, capsys)
    assert code == 3
    assert before["pending"] == [*paths, function]
    assert before["applied"] == 0
    assert before["jobs"] == "nobody"
    assert set(before["extensions"]) == {"pg_cron", "pgtap", "plpgsql_check"}
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("select to_regnamespace('wedsync_realtime')").fetchone() == (
            None,
        )

    deploy.migrate(empty_database, tree.root)
    code, after = status(empty_database, tree, capsys)
    assert (code, after["pending"], after["applied"]) == (0, [], 3)

    tree.function("f", "select 2")
    tree.migration(1, "select 1;")
    tree.delete(paths[1])
    code, drift = status(empty_database, tree, capsys)
    assert code == 3
    assert drift["changed"] == [function]
    assert drift["edited"] == [paths[0]]
    assert drift["missing"] == [paths[1]]


def test_status_for_people_names_everything(
    tree: Tree, empty_database: str, capsys: Capture
) -> None:
    path = tree.tables(1)[0]
    main(["status", "--database-url", empty_database, "--source", str(tree.root)])
    output = capsys.readouterr().out
    for word in (path, "PostgreSQL", "pg_cron", "pgtap", "plpgsql_check", "nobody"):
        assert word in output


def test_migrate_for_people_says_what_happened(
    tree: Tree, empty_database: str, capsys: Capture
) -> None:
    tree.migration(1, "do $$ begin raise warning 'mind the gap'; end $$;")
    arguments = ["migrate", "--database-url", empty_database, "--source", str(tree.root)]
    assert main(arguments) == 0
    captured = capsys.readouterr()
    assert "1 scripts applied" in captured.out
    assert captured.out.splitlines()[-1].startswith("next:  make demo plays a scene")
    assert "mind the gap" in captured.err
    assert main(arguments) == 0
    again = capsys.readouterr().out
    assert "nothing to do" in again
    assert "next:" not in again


@pytest.mark.parametrize(
    "command",
    ["status", "status --json", "verify --json", "metrics", "listen --json x {user}"],
)
def test_reader_that_went_away_ends_the_command_without_a_word(database: str, command: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    words = command.format(user=uuid4()).split()
    done = subprocess.run(
        [sys.executable, "-m", "wedsync_realtime", *words, "--database-url", database],
        check=False,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_deployed_package_has_nothing_to_do(empty_database: str, capsys: Capture) -> None:
    assert main(["migrate", "--database-url", empty_database]) == 0
    assert "scripts applied" in capsys.readouterr().out
    assert main(["migrate", "--database-url", empty_database]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert main(["status", "--database-url", empty_database]) == 0


def test_maintain_runs_the_jobs(database: str, capsys: Capture) -> None:
    assert main(["maintain", "--json", "--database-url", database]) == 0
    answers = json.loads(capsys.readouterr().out)
    assert answers == {"cleanup": 0, "partitions": 0, "purge": 0, "metrics": 0}


def test_maintain_tells_which_job_failed_and_runs_the_others(
    database: str, capsys: Capture
) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("alter table wedsync_realtime.rate_limits rename to renamed")
    assert main(["maintain", "--json", "--database-url", database]) == 1
    answers = json.loads(capsys.readouterr().out)
    assert "rate_limits" in answers.pop("purge")
    assert answers == {"cleanup": 0, "partitions": 0, "metrics": 0}


def test_maintenance_of_an_embedded_server_ends_with_the_connection(database: str) -> None:
    arguments = ["--every=3600", "--until-stopped", f"--database-url={database}"]
    program = [sys.executable, "-m", "wedsync_realtime", "maintain"]
    worker = subprocess.Popen([*program, *arguments], stdout=subprocess.PIPE, text=True)
    assert worker.stdout
    assert "cleanup" in worker.stdout.readline()
    second = subprocess.run([*program, *arguments], check=False, capture_output=True)
    assert (second.returncode, second.stdout) == (0, b"")
    with psycopg.connect(database) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )
    assert worker.wait(PATIENCE) == 0
    worker.stdout.close()
