"""Fixtures: homes of embedded clusters, and another user."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres.cluster import Cluster
from wedsync_realtime.embedded import cluster, place, service
from wedsync_realtime.entry.cli import main

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


def quiet(line: str) -> None:
    """Drop a progress line."""


@pytest.fixture(scope="module")
def environment(cluster: Cluster) -> Iterator[pytest.MonkeyPatch]:
    """Forget DATABASE_URL, and use the server that the other tests use."""
    if cluster.address:
        pytest.skip("needs a server on this machine, not in a container")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        patch.setenv("PG", str(cluster.bindir))
        yield patch


@pytest.fixture(scope="module")
def home(environment: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a home with a cluster, which a test may leave stopped."""
    folder = Path(tempfile.mkdtemp(prefix="wedsync-"))
    folder.chmod(0o755)
    environment.setenv("WEDSYNC_REALTIME_HOME", str(folder / "home"))
    yield folder / "home"
    main(["clean", "--yes"])
    shutil.rmtree(folder)


@pytest.fixture
def other_home(environment: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a home without a cluster, in a folder that only its owner can pass."""
    folder = Path(tempfile.mkdtemp(prefix="wedsync-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEDSYNC_REALTIME_HOME", str(folder / "home"))
        yield folder / "home"
        main(["clean", "--yes"])
    shutil.rmtree(folder)


def running(home: Path) -> cluster.Cluster:
    assert home == place.default_home()
    return service.ensure_running(quiet)


def located(home: Path) -> place.Place:
    found = place.find(home)
    assert found
    return found


def as_nobody(*arguments: str) -> int:
    """Run the command in a forked process as the user nobody, who may not start our Python."""
    with warnings.catch_warnings():
        # Python 3.12 warns of threads, which a worker of pytest-xdist has; the child uses none
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        code = 99
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            code = main(arguments)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
