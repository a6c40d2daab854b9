"""Every command through PgBouncer in transaction mode."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.deployment.bouncer import pooled
from tests.deployment.conftest import Run
from tests.deployment.dump import schema
from tests.support.deployment.tree import Tree
from tests.support.postgres.cluster import Cluster
from wedsync_realtime.connection import server


@pytest.fixture
def pooler(cluster: Cluster, empty_database: str) -> Iterator[str]:
    with pooled(cluster, empty_database) as url:
        yield url


def test_every_command_works_through_it(pooler: str, empty_database: str, run: Run) -> None:
    before = schema(empty_database)
    assert run("plan", pooler).code == 3
    assert run("migrate", pooler).code == 0
    assert "nothing to do" in run("migrate", pooler).out
    for command in ("plan", "status", "verify", "maintain"):
        assert run(command, pooler).code == 0, command
    assert run("rollback", pooler, "--to", 8, "--yes").code == 0
    assert run("migrate", pooler).code == 0
    assert run("verify", pooler, "--scratch").code == 0
    assert run("uninstall", pooler, "--yes").code == 0
    # roles stay: other databases of the cluster use them
    assert [line for line in schema(empty_database) if "SCHEMA public" not in line] == before


def test_index_is_built_concurrently_and_no_setting_stays(
    pooler: str, run: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tree = Tree(tmp_path_factory.mktemp("tree"))
    tree.tables(1)
    tree.index(2, "t1_idx", "public.t1")
    assert run("migrate", pooler, "--source", tree.root).code == 0
    settings = (
        "select name, setting from pg_settings where source = 'session' and name not in"
        " ('client_encoding', 'application_name', 'DateStyle', 'TimeZone',"
        " 'standard_conforming_strings')"
    )
    connections = [psycopg.connect(pooler) for _ in range(3)]  # all of the pool, at once
    for connection in connections:
        assert connection.execute(settings.encode()).fetchall() == []
    for connection in connections:
        connection.close()


def test_pooler_is_told_from_a_server(pooler: str, empty_database: str) -> None:
    for url, expected in ((pooler, False), (empty_database, True)):
        with server.connect(url) as connection:
            assert server.is_direct(connection) is expected
