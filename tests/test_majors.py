"""The other majors: the stories, and what depends most on the server, on 16, 17 and 18."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cluster import DEFAULT_MAJOR, Cluster

ROOT = Path(__file__).parents[1]
SUITE = [
    "tests/db",
    "tests/delivery/test_delivery.py",
    "tests/delivery/test_dispatch_tables.py",
    "tests/delivery/test_ready.py",
    "tests/test_deploy_unprivileged.py",
    "tests/test_function_matrix.py",
    "tests/test_maintain.py",
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("major", ["16", "17", "18"])
def test_sql_suite_passes_on_major(cluster: Cluster, major: str) -> None:
    if cluster.address or cluster.major != int(DEFAULT_MAJOR):
        pytest.skip("this run is about one server; make test-all runs all of them in full")
    server = run(major, "wedsync_realtime", "test-server", "--json")
    answer = json.loads(server.stdout)
    if server.returncode != 0:
        pytest.skip(f"PostgreSQL {major} is not to be had here: {answer['message']}")
    done = run(answer["PG"], "pytest", "-q", "--no-header", "-p", "no:cacheprovider", *SUITE)
    assert done.returncode == 0, done.stdout


def run(server: str, *module: str) -> subprocess.CompletedProcess[str]:
    """Run a Python module with PG set."""
    return subprocess.run(
        [sys.executable, "-m", *module],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PG": server},
    )
