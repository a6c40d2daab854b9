"""The throwaway cluster: what it offers, and that it is gone afterwards."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres.cluster import Cluster, ClusterError, find_server
from tests.support.waiting import until

HOLD = """
import sys
from tests.support.postgres.cluster import running_cluster
with running_cluster() as cluster:
    print(cluster.directory, flush=True)
    sys.stdin.read()
"""


def test_jobs_replication_and_prepared_transactions_are_possible(cron_database: str) -> None:
    with psycopg.connect(cron_database) as connection:
        settings = connection.execute(
            "select current_setting('wal_level'), current_setting('max_prepared_transactions'),"
            " (select extname from pg_extension where extname = 'pg_cron')"
        ).fetchone()
    assert settings == ("logical", "20", "pg_cron")


def test_databases_are_clones_of_their_own(cluster: Cluster, database: str) -> None:
    with cluster.database("wedsync_template") as other:
        assert other != database
        for url in (database, other):
            with psycopg.connect(url) as connection:
                connection.execute("create table public.mine ()")


def test_cluster_of_a_killed_process_is_removed(cluster: Cluster) -> None:
    if cluster.address:
        pytest.skip("needs a server on this machine, not in a container")
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        directory = Path(process.stdout.readline().decode().strip())
        assert (directory / "data" / "postmaster.pid").exists()
        process.kill()
    until(lambda: not directory.exists())


def test_missing_server_is_named() -> None:
    with pytest.raises(ClusterError, match=r"no PostgreSQL server in /usr/lib/postgresql/9/bin"):
        find_server("9")
