"""Fixtures: what npm has to give, the Supabase CLI, a PostgREST and its clients."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.supabase.clients import Client, python_client, script_client
from tests.supabase.rest import rest_server
from tests.support.cluster import Cluster
from tests.support.tree import Tree
from tests.support.waiting import PATIENCE
from wedsync_realtime.embedded import node

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".local" / "node"
Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """Return the folder with the packages of package.json, installed once; skip without npm."""
    npm = node.npm()
    if npm is None:
        pytest.skip("npm is not installed")
    wanted = HERE / "package.json"
    installed = CACHE / "package.json"
    CACHE.parent.mkdir(exist_ok=True)
    # the processes that run the tests ask for it at once
    with CACHE.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.exists() or installed.read_text() != wanted.read_text():
            fresh = CACHE.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
            shutil.copy(wanted, fresh)
            if reason := node.install(npm, fresh, lambda line: None, scripts=True):
                shutil.rmtree(fresh)
                pytest.skip(f"npm install failed: {reason}")
            shutil.rmtree(CACHE, ignore_errors=True)
            fresh.rename(CACHE)
    return CACHE / "node_modules"


@pytest.fixture(scope="session")
def supabase_cli(node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """Return a function that runs the Supabase CLI in a folder, with a home of its own."""
    home = tmp_path_factory.mktemp("home")

    def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [node_modules / ".bin" / "supabase", *arguments, "--yes"],
            check=False,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env=os.environ | {"HOME": str(home), "SUPABASE_TELEMETRY_DISABLED": "1"},
        )

    return run


@pytest.fixture
def authenticator(cluster: Cluster, database: str) -> str:
    """Return the URL of `database` as the role that PostgREST logs in as."""
    with cluster.connect() as connection:
        known = "select 1 from pg_roles where rolname = 'authenticator'"
        if not connection.execute(known).fetchone():
            connection.execute("create role authenticator login noinherit")
            connection.execute("grant anon, authenticated, service_role to authenticator")
    return database.replace("postgres@", "authenticator@")


@pytest.fixture
def rest(authenticator: str) -> Iterator[str]:
    """Yield the address of a PostgREST in front of `database`."""
    with rest_server(authenticator) as address:
        yield address


@pytest.fixture(params=["postgrest", "supabase-js"])
def client_of(
    request: pytest.FixtureRequest, rest: str
) -> Iterator[Callable[[str | None], Client]]:
    """Yield what opens a client of either kind, for a token."""
    with ExitStack() as stack:
        if request.param == "postgrest":
            yield lambda bearer: stack.enter_context(python_client(rest, bearer))
        else:
            modules = request.getfixturevalue("node_modules")
            yield lambda bearer: stack.enter_context(script_client(rest, bearer, modules))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "source")


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
