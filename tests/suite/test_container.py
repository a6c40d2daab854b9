"""The server in a container: the image builds, and the stories and the jobs run on it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.postgres.cluster import Cluster

ROOT = Path(__file__).parents[2]
SUITE = [
    "tests/db",
    "tests/jobs/test_maintain.py",
    "tests/suite/test_cluster.py",
    "tests/security/test_privileges.py",
]


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    """Run part of the tests with DOCKER set."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-rs", "-p", "no:cacheprovider", *SUITE],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"DOCKER": "1"} | environment,
    )


def test_stories_pass_in_a_container(cluster: Cluster) -> None:
    if cluster.address:
        pytest.skip("this run is in a container")
    # only here, because importing it takes longer than many a test
    from tests.support.postgres.container import NoEngineError, check_engine

    try:
        check_engine()
    except NoEngineError as error:
        pytest.skip(str(error))
    done = run()
    assert done.returncode == 0, done.stdout
    assert "pg_cron" not in done.stdout  # nothing was skipped for want of it


def test_tests_are_skipped_without_an_engine() -> None:
    done = run(DOCKER_HOST="unix:///nowhere/docker.sock")
    assert done.returncode in (0, 5), done.stdout  # 5: nothing was collected that could run
    assert "no container engine" in done.stdout
    assert " failed" not in done.stdout
