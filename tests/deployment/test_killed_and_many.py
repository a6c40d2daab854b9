"""Runners killed at any moment, and many at once: the schema is as after a single one."""

import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from tests.deployment.conftest import Run, values
from tests.deployment.dump import schema
from tests.support.deployment import release
from tests.support.deployment.at_once import run_at_once
from tests.support.deployment.killed import MOMENTS, Killed, killing
from tests.support.deployment.tree import Tree
from tests.support.postgres.cluster import Cluster
from wedsync_realtime.source.scripts import Kind, default_root, discover

SCRIPTS = discover(default_root())
COUNT = len(SCRIPTS)
# those that run in the first transaction, before the application's tables are attached
OWN = sum(script.kind not in (Kind.TRIGGER, Kind.JOB) for script in SCRIPTS)
LONG = bool(os.environ.get("WEDSYNC_LONG"))  # at every script instead of some
STEPS = range(1, OWN + 1) if LONG else (1, 3, 11, 12, COUNT // 2, OWN - 5, OWN)
APPLIED = "select sum(applied)::integer from wedsync_realtime.deployments"


@pytest.fixture(scope="module")
def killed() -> Iterator[Killed]:
    with killing() as killed:
        yield killed


def moment_of(step: int) -> str:
    """Return the moment at which a deployment dies on the way to its end."""
    return MOMENTS[step % len(MOMENTS)]


def others(step: int) -> list[str]:
    """Return the moments at which it does not."""
    return [moment for moment in MOMENTS if moment != moment_of(step)]


def killed_to_its_end(killed: Killed, url: str, source: Path, run: Run) -> int:
    """Kill deployments one step later each time, until one comes to its end; return how many."""
    for step in count(1):
        if not killed(url, source, step, moment_of(step)):
            return step - 1
        for command in ("status", "plan"):
            assert run(command, url, "--source", source).code == 3, step
    raise AssertionError


@pytest.mark.timeout(3600)
def test_first_transaction_is_all_or_nothing_and_the_rest_goes_on(
    deployed_schema: list[str], empty_database: str, run: Run, killed: Killed
) -> None:
    untouched = schema(empty_database)
    for number, step in enumerate(STEPS):
        for moment in MOMENTS if LONG else (MOMENTS[1 + number % 2],):
            assert killed(empty_database, default_root(), step, moment), (step, moment)
            assert schema(empty_database) == untouched, (step, moment)
    assert killed(empty_database, default_root(), OWN + 1, "before")
    assert "did not come to its end" in run("status", empty_database).out
    assert killed_to_its_end(killed, empty_database, default_root(), run) > 5
    assert sorted(schema(empty_database)) == sorted(deployed_schema)
    assert run("verify", empty_database).code == 0
    assert run("status", empty_database).code == 0
    assert values(empty_database, APPLIED) == [COUNT]


@pytest.mark.timeout(3600)
def test_upgrade_goes_on_where_it_was_killed(
    tmp_path: Path, cluster: Cluster, template: str, database: str, run: Run, killed: Killed
) -> None:
    new = release.make_next(tmp_path)
    with cluster.database(template) as other:
        for url in (other, database):
            run("migrate", url)  # a clone begins its feed anew
        assert run("migrate", other, "--source", new).code == 0
        expected = schema(other)
    # The migration; then the index, which stands first once the migration has been committed.
    kills = [(1, moment) for moment in MOMENTS] + [(2, "inside"), (1, "inside"), (1, "after")]
    # Then the functions and owners, where the kills up to the end below take a moment of each.
    kills += [(2, "before"), *((step, moment) for step in range(1, 5) for moment in others(step))]
    for step, moment in kills:
        assert killed(database, new, step, moment), (step, moment)
    assert killed_to_its_end(killed, database, new, run) > 5
    assert sorted(schema(database)) == sorted(expected)
    index = "select indisvalid from pg_index where indexrelid::regclass::text ~ 'channel_name_idx'"
    assert values(database, index) == [True]
    assert run("verify", database, "--source", new).code == 0


@pytest.mark.timeout(3600)
def test_twenty_runners_at_once_apply_each_script_once(
    deployed_schema: list[str], empty_database: str, run: Run
) -> None:
    outputs = run_at_once(20, "migrate", "--json", "--database-url", empty_database)
    assert len(outputs) == 20
    applied = [path for output in outputs for path in json.loads(output)["applied"]]
    assert len(applied) == COUNT
    assert len(set(applied)) == COUNT
    assert values(empty_database, APPLIED) == [COUNT]
    assert schema(empty_database) == deployed_schema
    assert run("verify", empty_database).code == 0


def test_index_that_was_left_half_built_is_built_anew(
    tmp_path: Path, empty_database: str, run: Run
) -> None:
    tree = Tree(tmp_path)
    tree.tables(1)
    assert run("migrate", empty_database, "--source", tmp_path).code == 0
    with psycopg.connect(empty_database) as duplicates:
        duplicates.execute("insert into public.t1 values (1), (1)")
    with (
        psycopg.connect(empty_database, autocommit=True) as builder,
        pytest.raises(psycopg.errors.UniqueViolation),
    ):
        builder.execute("create unique index concurrently t1_idx on public.t1 (id)")
    state = "select indisvalid, indisunique from pg_index where indrelid = 'public.t1'::regclass"
    with psycopg.connect(empty_database) as connection:
        assert connection.execute(state.encode()).fetchall() == [(False, True)]
    tree.index(2, "t1_idx", "public.t1")
    assert run("migrate", empty_database, "--source", tmp_path).code == 0
    with psycopg.connect(empty_database) as connection:
        assert connection.execute(state.encode()).fetchall() == [(True, False)]
